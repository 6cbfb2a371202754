/**
 * A witness over HTTP: it checks that each checkpoint continues the last one that it saw, keeps it, and signs for it.
 *
 * Source: https://c2sp.org/tlog-witness (`add-checkpoint`).
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

import { type Handed, type Handing, reasonOf } from "./handing.ts";

/** Milliseconds that an answer may take. */
const answerTimeoutMs = 30_000;

/** Bytes of an answer: a signature line has some two hundred. */
const answerBytesMax = 65_536;

const signatureLine = /^— \S+ [A-Za-z0-9+/]+={0,2}$/u;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Hands a checkpoint to a witness, with the proof that it continues the last one that the witness saw.
 *
 * @param address - of the witness: its submission prefix
 * @param handed - the checkpoint
 * @returns what came of it
 */
export async function postToWitness(address: string, handed: Handed): Promise<Handing> {
  const { head, since } = handed;
  const url = `${address.replace(/\/$/u, "")}/add-checkpoint`;
  try {
    const first = await post(url, `old 0\n\n${head.note}`);
    const seen = first.status === 409 ? sizeIn(first) : undefined;
    if (seen === undefined) return handingOf(first);
    if (seen > head.size)
      return { type: "failed", reason: `it has seen ${seen} entries of this log, which has ${head.size}` };
    const path = seen === head.size ? [] : (await since(seen)).path;
    return handingOf(await post(url, [`old ${seen}`, ...path, "", head.note].join("\n")));
  } catch (error) {
    return { type: "failed", reason: reasonOf(error) };
  }
}

function handingOf({ status, body }: Answer): Handing {
  if (status === 200) {
    const lines = body.split("\n").slice(0, -1);
    if (lines.length > 0 && lines.every((line) => signatureLine.test(line)))
      return { type: "kept", cosignatures: `${lines.join("\n")}\n` };
    return { type: "failed", reason: "it answered 200 and no signature" };
  }
  const meaning: Readonly<Record<number, string>> = {
    403: ": it does not know the key of this log",
    404: ": it does not know this log",
    409: ": it has seen another history of this log",
    422: ": it has seen another history of this log",
  };
  return { type: "failed", reason: `it answered ${status}${meaning[status] ?? ""}` };
}

function sizeIn({ type, body }: Answer): number | undefined {
  return type.startsWith("text/x.tlog.size") && /^\d{1,15}\n$/u.test(body) ? Number(body) : undefined;
}

function post(url: string, body: string): Promise<Answer> {
  const request = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    const headers = { "content-type": "text/plain; charset=utf-8", "content-length": Buffer.byteLength(body) };
    const asked = request(url, { method: "POST", agent: false, signal, headers });
    asked.once("response", (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on("data", (part: Buffer) => {
        length += part.length;
        if (length > answerBytesMax) response.destroy(new Error(`it answered more than ${answerBytesMax} bytes`));
        else parts.push(part);
      });
      response.once("error", reject);
      response.once("end", () => {
        const type = response.headers["content-type"] ?? "";
        resolve({ status: response.statusCode ?? 0, type, body: Buffer.concat(parts).toString("utf8") });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
