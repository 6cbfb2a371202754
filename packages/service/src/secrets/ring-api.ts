/**
 * The ring around what is asked of a vault: what a caller says is redacted before anything is made of it, and so is every failure.
 */
import type { VaultApi } from "../api.ts";
import { ServiceFailure } from "../failure.ts";
import { failureOf } from "../http/failure-body.ts";
import type { Redactor } from "./redactor.ts";

/**
 * Puts the ring around an api.
 *
 * @param api - of one caller
 * @param redactor - what to take out
 * @returns an api that never repeats a stored secret
 */
export function ringApi(api: VaultApi, redactor: Redactor): VaultApi {
  return withSafeFailures(withoutSecrets(api, redactor), redactor);
}

/** What goes in and out and does not pass the log, or passes something that quotes it before. */
function withoutSecrets(api: VaultApi, redactor: Redactor): VaultApi {
  const { text } = redactor;
  const inside = (base64: string): string =>
    // Inside of base64 a secret can be found and not replaced, so it is opened for it.
    redactor.isActive() ? Buffer.from(redactor.bytes(Buffer.from(base64, "base64"))).toString("base64") : base64;
  return {
    ...api,
    // Looked for before there is one; the answer alone shows it.
    mintToken: async (request) => {
      redactor.useTokens();
      return api.mintToken(request);
    },
    operate: async (request) => api.operate({ ...request, operation: redactor.fields(request.operation) }),
    abandon: async (effect, reason) => api.abandon(text(effect), text(reason)),
    erase: async (request) => api.erase({ ...request, reason: text(request.reason) }),
    exec: async (request, options) => {
      const { argv, workspace, cwd, permissions, stdin } = request;
      const kept = { argv: argv.map(text), workspace: text(workspace), cwd: text(cwd), stdin: inside(stdin) };
      return api.exec({ ...request, ...kept, permissions: permissions?.map(text) ?? null }, options);
    },
    // What is shown here comes from files of the user, or from before a secret was stored.
    undo: async (request) => redactor.answer(await api.undo(request)),
    content: async (position, commitment) => {
      const { bytes } = await api.content(position, commitment);
      return { bytes: bytes === null ? null : inside(bytes) };
    },
  };
}

/** Every call, also those that come to be: a failure quotes what it was given. */
function withSafeFailures(api: VaultApi, redactor: Redactor): VaultApi {
  return new Proxy(api, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...given: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(method, target, given);
        if (answer instanceof Promise) {
          return answer.catch((error: unknown) => {
            throw redactedError(error, redactor);
          });
        }
        return isIterable(answer) ? guarded(answer, redactor) : answer;
      };
    },
  });
}

function isIterable(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}

async function* guarded(answer: AsyncIterable<unknown>, redactor: Redactor): AsyncIterable<unknown> {
  try {
    yield* answer;
  } catch (error) {
    throw redactedError(error, redactor);
  }
}

function redactedError(error: unknown, redactor: Redactor): unknown {
  if (!redactor.isActive() || !(error instanceof Error)) return error;
  const kept = redactor.text(error.message);
  if (kept === error.message) return error;
  const { code, retry } = failureOf(error);
  // Without its cause and its stack, which say it again.
  return new ServiceFailure(code, { message: kept, retry });
}
