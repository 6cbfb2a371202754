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
  const guarded = async <T>(asked: () => Promise<T>): Promise<T> => {
    try {
      return await asked();
    } catch (error) {
      throw redactedError(error, redactor);
    }
  };
  return {
    ...api,
    why: async (position) => guarded(async () => api.why(position)),
    operate: async (request) =>
      guarded(async () => api.operate({ ...request, operation: redactor.fields(request.operation) })),
    abandon: async (effect, reason) => guarded(async () => api.abandon(redactor.text(effect), redactor.text(reason))),
    exec: async (request, options) =>
      guarded(async () => {
        // Inside of base64 a secret can be found and not replaced, so standard input is opened for it.
        const stdin = Buffer.from(redactor.bytes(Buffer.from(request.stdin, "base64"))).toString("base64");
        const { text } = redactor;
        const { argv, workspace, cwd, permissions } = request;
        const kept = { argv: argv.map(text), workspace: text(workspace), cwd: text(cwd), stdin };
        return api.exec({ ...request, ...kept, permissions: permissions?.map(text) ?? null }, options);
      }),
    runTool: async (request, options) =>
      guarded(async () => {
        const kept = { tool: redactor.text(request.tool), arguments: redactor.fields(request.arguments) };
        return api.runTool(kept, options);
      }),
    registerTools: async (folder) => guarded(async () => api.registerTools(redactor.text(folder))),
    // What is shown here comes from files of the user, or from before a secret was stored.
    undo: async (request) =>
      guarded(async () => {
        const answer = await api.undo(request);
        if (!("changes" in answer)) return answer;
        const changes = answer.changes.map((one) => ({
          ...one,
          diff: one.diff === null ? null : redactor.text(one.diff),
        }));
        return { ...answer, changes };
      }),
    content: async (position, commitment) =>
      guarded(async () => {
        const { bytes } = await api.content(position, commitment);
        if (bytes === null) return { bytes };
        return { bytes: Buffer.from(redactor.bytes(Buffer.from(bytes, "base64"))).toString("base64") };
      }),
    mintToken: async (request) => guarded(async () => api.mintToken(request)),
    setSecret: async (secret) => guarded(async () => api.setSecret(secret)),
    removeSecret: async (name) => guarded(async () => api.removeSecret(name)),
  };
}

function redactedError(error: unknown, redactor: Redactor): unknown {
  if (!redactor.isActive() || !(error instanceof Error)) return error;
  const kept = redactor.text(error.message);
  if (kept === error.message) return error;
  const { code, retry } = failureOf(error);
  // Without its cause and its stack, which say it again.
  return new ServiceFailure(code, { message: kept, retry });
}
