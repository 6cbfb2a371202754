/** web-reader: prints {status, type, text} of one page. Arguments {host, path, max_bytes} as JSON on standard input. */
import { readFileSync } from "node:fs";

const call = JSON.parse(readFileSync(0, "utf8")) as {
  readonly host: string;
  readonly path: string;
  readonly max_bytes: number;
};

try {
  process.stdout.write(JSON.stringify(await get()));
} catch (error) {
  process.stderr.write(
    `Cannot fetch https://${call.host}: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
}

async function get(): Promise<object> {
  if (!call.path.startsWith("/")) throw new Error("the path does not begin with a slash");
  // Not followed: another host would need a claim of its own.
  const answer = await fetch(new URL(`https://${call.host}${call.path}`), { redirect: "manual" });
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.body ?? []) {
    length += part.byteLength;
    if (length > call.max_bytes) throw new Error(`the answer has more than ${call.max_bytes} bytes`);
    parts.push(part);
  }
  return {
    status: answer.status,
    type: answer.headers.get("content-type"),
    text: new TextDecoder().decode(Buffer.concat(parts)),
  };
}
