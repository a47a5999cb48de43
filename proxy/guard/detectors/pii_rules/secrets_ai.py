"""Keys of model and machine-learning services, as their documentation and public secret scanners describe them."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.pii_rules.building import (
    BOUNDARY,
    alphanumeric,
    any_hexadecimal,
    assigned,
    hexadecimal,
    lower,
    sample_of,
    token,
    url_safe,
)
from proxy.guard.detectors.pii_rules.entropy import is_varied
from proxy.guard.rule import Rule

_SK = ("sk-", alphanumeric(20, 128))

RULES: Final = (
    Rule(
        name="openai_style_api_key",
        label="OPENAI_API_KEY",
        group="secrets",
        # Every provider that follows OpenAI's form (DeepSeek, Moonshot, Stability, LiteLLM, …) is found by this too.
        pattern=rf"{BOUNDARY}sk-[0-9A-Za-z]{{20,128}}",
        validate=is_varied,
        examples=(f"key «{sample_of(_SK)}».", f'OPENAI_API_KEY="«{sample_of(("sk-", alphanumeric(48)))}»"'),
        counter_examples=(
            "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-learn",
            "sk-yourapikeygoeshere012345",
            f"ta{sample_of(_SK)}",
        ),
    ),
    token("openai_project_key", "OPENAI_API_KEY", "sk-proj-", url_safe(40, 200)),
    token("openai_service_account_key", "OPENAI_API_KEY", "sk-svcacct-", url_safe(40, 200)),
    token("openai_admin_key", "OPENAI_API_KEY", "sk-admin-", url_safe(40, 200)),
    token("anthropic_api_key", "ANTHROPIC_API_KEY", "sk-ant-api03-", url_safe(40, 128)),
    token("anthropic_admin_key", "ANTHROPIC_API_KEY", "sk-ant-admin01-", url_safe(40, 128)),
    token("anthropic_oauth_token", "ANTHROPIC_API_KEY", "sk-ant-oat01-", url_safe(40, 128)),
    token("openrouter_api_key", "OPENROUTER_API_KEY", "sk-or-v1-", hexadecimal(64)),
    token("huggingface_access_token", "HUGGINGFACE_TOKEN", "hf_", alphanumeric(34, 40)),
    token("huggingface_organization_token", "HUGGINGFACE_TOKEN", "api_org_", alphanumeric(34, 40)),
    token("replicate_api_token", "REPLICATE_API_TOKEN", "r8_", alphanumeric(37, 40)),
    token("groq_api_key", "GROQ_API_KEY", "gsk_", alphanumeric(48, 56)),
    token("perplexity_api_key", "PERPLEXITY_API_KEY", "pplx-", alphanumeric(40, 64)),
    token("xai_api_key", "XAI_API_KEY", "xai-", alphanumeric(70, 90)),
    token("cerebras_api_key", "CEREBRAS_API_KEY", "csk-", lower(40, 64)),
    token("fireworks_api_key", "FIREWORKS_API_KEY", "fw_", alphanumeric(20, 40)),
    token("nvidia_api_key", "NVIDIA_API_KEY", "nvapi-", url_safe(60, 80)),
    token("langsmith_personal_token", "LANGSMITH_API_KEY", "lsv2_pt_", hexadecimal(32), "_", hexadecimal(10)),
    token("langsmith_service_key", "LANGSMITH_API_KEY", "lsv2_sk_", hexadecimal(32), "_", hexadecimal(10)),
    token(
        "langfuse_secret_key",
        "LANGFUSE_SECRET_KEY",
        "sk-lf-",
        *(hexadecimal(8), "-", hexadecimal(4), "-", hexadecimal(4), "-", hexadecimal(4), "-", hexadecimal(12)),
    ),
    token("pinecone_api_key", "PINECONE_API_KEY", "pcsk_", alphanumeric(4, 8), "_", alphanumeric(50, 70)),
    token("elevenlabs_api_key", "ELEVENLABS_API_KEY", "sk_", hexadecimal(48)),
    token("tavily_api_key", "TAVILY_API_KEY", "tvly-", url_safe(28, 50)),
    token("voyage_api_key", "VOYAGE_API_KEY", "pa-", url_safe(43)),
    token("jina_api_key", "JINA_API_KEY", "jina_", hexadecimal(32), url_safe(24, 40)),
    token("firecrawl_api_key", "FIRECRAWL_API_KEY", "fc-", hexadecimal(32)),
    assigned("cohere_api_key", "COHERE_API_KEY", "cohere|co_api", alphanumeric(40)),
    assigned("mistral_api_key", "MISTRAL_API_KEY", "mistral", alphanumeric(32)),
    assigned("together_api_key", "TOGETHER_API_KEY", "together", hexadecimal(64)),
    assigned("weights_and_biases_key", "WANDB_API_KEY", "wandb", hexadecimal(40)),
    assigned("deepgram_api_key", "DEEPGRAM_API_KEY", "deepgram", hexadecimal(40)),
    assigned("assemblyai_api_key", "ASSEMBLYAI_API_KEY", "assemblyai", hexadecimal(32)),
    assigned("azure_openai_key", "AZURE_OPENAI_KEY", "azure[ _-]?openai|cognitive", any_hexadecimal(32)),
)
