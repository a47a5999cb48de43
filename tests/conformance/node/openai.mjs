// Makes one call with OpenAI's client for node and prints what came of it as JSON.
// Its one argument is JSON: {url, key, mode: "create" | "helper", request}.
import OpenAI from "openai";

const { url, key, mode, request } = JSON.parse(process.argv[2]);
const client = new OpenAI({ baseURL: url, apiKey: key });
const result = { chunks: [], heard: "", completion: null, error: null };

try {
  if (mode === "helper") {
    const stream = client.chat.completions.stream(request);
    stream.on("content", (delta) => (result.heard += delta));
    stream.on("chunk", (chunk) => result.chunks.push(chunk));
    result.completion = await stream.finalChatCompletion();
  } else if (request.stream) {
    for await (const chunk of await client.chat.completions.create(request)) result.chunks.push(chunk);
  } else {
    result.completion = await client.chat.completions.create(request);
  }
} catch (error) {
  const { name, status, code, message, requestID } = error;
  result.error = { name: error.constructor.name || name, status, code, message, requestID };
}
console.log(JSON.stringify(result));
