"""Keys of source hosting, package registries, build systems and observability, as their documentation and public
secret scanners describe them."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.pii_rules.building import (
    alphanumeric,
    assigned,
    at_least,
    base64,
    digits,
    dotted,
    hexadecimal,
    lower,
    token,
    upper,
    url_safe,
    word,
)
from proxy.guard.detectors.pii_rules.secrets_cloud import UUID

_HOSTS: Final = (
    token("github_personal_access_token", "GITHUB_TOKEN", "ghp_", alphanumeric(36, 251)),
    token("github_oauth_token", "GITHUB_TOKEN", "gho_", alphanumeric(36, 251)),
    token("github_user_token", "GITHUB_TOKEN", "ghu_", alphanumeric(36, 251)),
    token("github_server_token", "GITHUB_TOKEN", "ghs_", alphanumeric(36, 251)),
    token("github_refresh_token", "GITHUB_TOKEN", "ghr_", alphanumeric(36, 251)),
    token("github_fine_grained_token", "GITHUB_TOKEN", "github_pat_", word(82, 244)),
    *(
        token(f"gitlab_{kind}", "GITLAB_TOKEN", prefix, url_safe(20, most))
        for kind, prefix, most in (
            ("personal_access_token", "glpat-", 300),
            ("deploy_token", "gldt-", 64),
            ("feed_token", "glft-", 64),
            ("feature_flag_token", "glffct-", 64),
            ("scim_token", "glsoat-", 64),
            ("runner_token", "glrt-", 300),
            ("incoming_mail_token", "glimt-", 64),
            ("agent_token", "glagent-", 64),
            ("oauth_secret", "gloas-", 64),
            ("runner_registration_token", "GR1348941", 64),
        )
    ),
    token("gitlab_job_token", "GITLAB_TOKEN", "glcbt-", alphanumeric(1, 5), "_", url_safe(20, 64)),
    token("gitlab_trigger_token", "GITLAB_TOKEN", "glptt-", hexadecimal(40)),
    token("bitbucket_app_password", "BITBUCKET_TOKEN", "ATBB", alphanumeric(24, 40)),
    token("atlassian_api_token", "ATLASSIAN_TOKEN", "ATATT3", at_least(dotted(60))),
    token("atlassian_scoped_token", "ATLASSIAN_TOKEN", "ATCTT3", at_least(dotted(60))),
    token("sourcegraph_token", "SOURCEGRAPH_TOKEN", "sgp_", hexadecimal(40)),
    token("sourcegraph_instance_token", "SOURCEGRAPH_TOKEN", "sgp_", hexadecimal(16), "_", hexadecimal(40)),
)

_REGISTRIES: Final = (
    token("npm_access_token", "NPM_TOKEN", "npm_", alphanumeric(36)),
    token("pypi_upload_token", "PYPI_TOKEN", "pypi-AgEIcHlwaS5vcmc", at_least(url_safe(50))),
    token("testpypi_upload_token", "PYPI_TOKEN", "pypi-AgENdGVzdC5weXBpLm9yZw", at_least(url_safe(50))),
    token("rubygems_api_key", "RUBYGEMS_KEY", "rubygems_", hexadecimal(48)),
    token("crates_io_token", "CRATES_IO_TOKEN", "cio", alphanumeric(32)),
    token("nuget_api_key", "NUGET_KEY", "oy2", lower(43)),
    token("clojars_token", "CLOJARS_TOKEN", "CLOJARS_", lower(60)),
    token("docker_personal_token", "DOCKER_TOKEN", "dckr_pat_", url_safe(27)),
    token("docker_organization_token", "DOCKER_TOKEN", "dckr_oat_", url_safe(27, 36)),
    token("artifactory_api_key", "ARTIFACTORY_TOKEN", "AKCp", alphanumeric(69)),
    token("artifactory_reference_token", "ARTIFACTORY_TOKEN", "cmVmd", alphanumeric(59)),
)

_BUILDS: Final = (
    token("circleci_personal_token", "CIRCLECI_TOKEN", "CCIPAT_", alphanumeric(22), "_", hexadecimal(40)),
    token("circleci_project_token", "CIRCLECI_TOKEN", "CCIPRJ_", alphanumeric(22), "_", hexadecimal(40)),
    token("buildkite_user_token", "BUILDKITE_TOKEN", "bkua_", hexadecimal(40)),
    token("terraform_cloud_token", "TERRAFORM_TOKEN", alphanumeric(14), ".atlasv1.", dotted(60, 70)),
    token("pulumi_token", "PULUMI_TOKEN", "pul-", hexadecimal(40)),
    token("prefect_user_key", "PREFECT_TOKEN", "pnu_", alphanumeric(36)),
    token("harness_token", "HARNESS_TOKEN", "pat.", url_safe(22), ".", hexadecimal(24), ".", alphanumeric(20)),
    token("octopus_api_key", "OCTOPUS_KEY", "API-", upper(26)),
    token("databricks_token", "DATABRICKS_TOKEN", "dapi", hexadecimal(32)),
    token("readme_api_key", "README_KEY", "rdme_", lower(70)),
    token("postman_api_key", "POSTMAN_KEY", "PMAK-", hexadecimal(24), "-", hexadecimal(34)),
    assigned("travis_token", "TRAVIS_TOKEN", "travis", alphanumeric(22)),
    assigned("codecov_token", "CODECOV_TOKEN", "codecov", *UUID),
    assigned("snyk_token", "SNYK_TOKEN", "snyk", *UUID),
    assigned("jenkins_token", "JENKINS_TOKEN", "jenkins", "11", hexadecimal(32)),
)

_OBSERVABILITY: Final = (
    *(token(f"sonar_{k}_token", "SONAR_TOKEN", f"sq{k[0]}_", hexadecimal(40)) for k in ("project", "user", "analysis")),
    token("sentry_user_token", "SENTRY_TOKEN", "sntryu_", hexadecimal(64)),
    token("sentry_organization_token", "SENTRY_TOKEN", "sntrys_eyJ", base64(60, 400), "_", base64(43)),
    token("grafana_service_account_token", "GRAFANA_TOKEN", "glsa_", alphanumeric(32), "_", hexadecimal(8)),
    token("grafana_cloud_token", "GRAFANA_TOKEN", "glc_", at_least(base64(32))),
    token("grafana_api_key", "GRAFANA_TOKEN", "eyJrIjoi", at_least(base64(70))),
    token("new_relic_user_key", "NEW_RELIC_KEY", "NRAK-", upper(27)),
    token("new_relic_browser_key", "NEW_RELIC_KEY", "NRJS-", hexadecimal(19)),
    token("new_relic_insert_key", "NEW_RELIC_KEY", "NRII-", url_safe(32)),
    token("dynatrace_token", "DYNATRACE_TOKEN", "dt0c01.", upper(24), ".", upper(64)),
    token("honeycomb_ingest_key", "HONEYCOMB_KEY", "hcaik_", lower(58)),
    token("launchdarkly_api_key", "LAUNCHDARKLY_KEY", "api-", *UUID),
    token("launchdarkly_sdk_key", "LAUNCHDARKLY_KEY", "sdk-", *UUID),
    token("posthog_personal_key", "POSTHOG_KEY", "phx_", alphanumeric(40, 50)),
    token("statsig_secret_key", "STATSIG_KEY", "secret-", alphanumeric(40, 64)),
    token("pagerduty_token", "PAGERDUTY_TOKEN", "pdus+", word(20, 64)),
    token("sumologic_access_id", "SUMOLOGIC_KEY", "su", digits(1), alphanumeric(11)),
    assigned("datadog_api_key", "DATADOG_KEY", "datadog|dd_api", hexadecimal(32)),
    assigned("datadog_application_key", "DATADOG_KEY", "datadog|dd_app", hexadecimal(40)),
    assigned("splunk_hec_token", "SPLUNK_TOKEN", "splunk", *UUID),
)

RULES: Final = _HOSTS + _REGISTRIES + _BUILDS + _OBSERVABILITY
