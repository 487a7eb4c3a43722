/** What a first call needs: where to, with which key, for which model. */
export interface CallExample {
  baseUrl: string;
  key: string;
  model: string;
}

const QUESTION = "Say hello";

/** The same call three times, each to be pasted as it is. */
export const SNIPPETS = [
  { language: "curl", write: curl },
  { language: "Python", write: python },
  { language: "TypeScript", write: typescript },
] as const;

function curl({ baseUrl, key, model }: CallExample): string {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: QUESTION }] });
  return `curl ${baseUrl}/chat/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '${body}'`;
}

function python({ baseUrl, key, model }: CallExample): string {
  return `import os
from openai import OpenAI

client = OpenAI(base_url=${quote(baseUrl)}, api_key=${isVariable(key) ? `os.environ[${quote(key.slice(1))}]` : quote(key)})
answer = client.chat.completions.create(
    model=${quote(model)},
    messages=[{"role": "user", "content": ${quote(QUESTION)}}],
)
print(answer.choices[0].message.content)`;
}

function typescript({ baseUrl, key, model }: CallExample): string {
  return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: ${quote(baseUrl)},
  apiKey: ${isVariable(key) ? `process.env.${key.slice(1)}` : quote(key)},
});
const answer = await client.chat.completions.create({
  model: ${quote(model)},
  messages: [{ role: "user", content: ${quote(QUESTION)} }],
});
console.log(answer.choices[0]?.message.content);`;
}

/** A key that was not made in this page stands for itself as a variable of the environment. */
const isVariable = (key: string): boolean => key.startsWith("$");

/** JSON's strings are strings of both languages too. */
const quote = (text: string): string => JSON.stringify(text);
