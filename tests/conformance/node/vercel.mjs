// Makes one call with Vercel's AI SDK and prints what came of it as JSON.
// Its one argument is JSON: {url, key, mode: "stream" | "generate", model, prompt, tool: {name, parameters} | null}.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, streamText, tool as declare } from "ai";

const { url, key, mode, model, prompt, tool } = JSON.parse(process.argv[2]);

// The SDK's own way to read fields that it does not know.
const metadataExtractor = {
  extractMetadata: async ({ parsedBody }) => ({ tidegate: parsedBody.enkrypt_policy_detections }),
  createStreamExtractor: () => {
    const detections = {};
    return {
      processChunk: (chunk) => Object.assign(detections, chunk.enkrypt_policy_detections),
      buildMetadata: () => ({ tidegate: detections }),
    };
  },
};

const provider = createOpenAICompatible({
  name: "tidegate",
  baseURL: url,
  apiKey: key,
  includeUsage: true,
  metadataExtractor,
});
const tools = tool && { [tool.name]: declare({ inputSchema: jsonSchema(tool.parameters) }) };
const call = { model: provider(model), prompt, ...(tools && { tools }) };
const result = { heard: "", error: null };

const told = (error) => {
  result.error = {
    name: error.name ?? null,
    status: error.statusCode ?? null,
    message: error.message ?? error,
    body: error.responseBody ?? null,
  };
};

async function collect(answer) {
  result.text = await answer.text;
  result.reasoning = await answer.reasoningText;
  result.finishReason = await answer.finishReason;
  result.usage = await answer.usage;
  result.calls = (await answer.toolCalls).map(({ toolName, input }) => ({ toolName, input }));
  result.detections = (await answer.providerMetadata)?.tidegate ?? null;
}

try {
  if (mode === "stream") {
    const answer = streamText({ ...call, onError: ({ error }) => told(error) });
    for await (const delta of answer.textStream) result.heard += delta;
    await collect(answer);
  } else {
    await collect(await generateText(call));
  }
} catch (error) {
  if (result.error === null) told(error);
}
console.log(JSON.stringify(result));
