/**
 * The ring around a vault: whatever is sealed, submitted or printed by a program passes the redactor here, so that no part of this process
 * can write a stored secret into the log by another way.
 */
import { type Content, type MachinePort, type Operation, parseOperation, type PayloadDraft } from "@toka/kernel";
import type { Sandbox } from "@toka/runtime";

import { ServiceFailure } from "../failure.ts";
import type { Redactor } from "./redactor.ts";

/**
 * Puts the ring around a machine.
 *
 * @param machine - of the vault
 * @param redactor - what to take out
 * @returns a machine whose `seal` and `submit` keep secrets out of the log
 */
export function ringMachine(machine: MachinePort, redactor: Redactor): MachinePort {
  // What was looked through when it was sealed need not be looked through again when it is submitted.
  const looked = new WeakMap<PayloadDraft, number>();
  const seal: MachinePort["seal"] = (bytes, references) => {
    if (!redactor.isActive()) return machine.seal(bytes, references);
    const draft = machine.seal(redactor.bytes(Buffer.from(bytes)), references);
    looked.set(draft, redactor.version());
    return draft;
  };
  const redacted = (draft: PayloadDraft): Uint8Array =>
    looked.get(draft) === redactor.version() ? draft.bytes : redactor.bytes(draft.bytes);
  return {
    view: async (select) => machine.view(select),
    watch: (after, options) => machine.watch(after, options),
    read: async (after, options) => machine.read(after, options),
    find: async (filter, options) => machine.find(filter, options),
    payload: async (content) => machine.payload(content),
    seal,
    submit: async (operation, options) => {
      if (!redactor.isActive()) return machine.submit(operation, options);
      const { payloads = [] } = options;
      const clean = resealed(payloads, { redacted, seal });
      const renamed = clean.renamed.size === 0 ? operation : renameIn(operation, clean.renamed);
      const { ...fields } = renamed;
      const kept = redactor.fields(fields);
      return machine.submit(kept === fields ? renamed : parseOperation(kept), { ...options, payloads: clean.payloads });
    },
  };
}

/**
 * Keeps a process that only reads from writing: it has not opened the secrets that it would have to keep out.
 *
 * @param machine - of the vault
 * @returns a machine that submits nothing
 */
export function onlyRead(machine: MachinePort): MachinePort {
  return {
    ...machine,
    submit: async () => {
      throw new ServiceFailure("vault_read_only", {
        message: "Cannot write to the log: this process only reads the vault",
      });
    },
  };
}

interface Resealed {
  readonly payloads: readonly PayloadDraft[];
  /** New contents by their old commitment. */
  readonly renamed: ReadonlyMap<string, Content>;
}

/**
 * What was sealed before a secret was stored, or somewhere else, is sealed again without it. Documents name payloads by commitment, so
 * what names a payload that was sealed again is sealed again, too.
 */
function resealed(
  drafts: readonly PayloadDraft[],
  { redacted, seal }: { readonly redacted: (draft: PayloadDraft) => Uint8Array; readonly seal: MachinePort["seal"] },
): Resealed {
  const renamed = new Map<string, Content>();
  let payloads = drafts;
  // A chain of references is as long as the list at most.
  for (let [passes, changed] = [0, true]; changed && passes <= drafts.length; passes += 1) {
    changed = false;
    payloads = payloads.map((draft) => {
      const { references = [], content } = draft;
      const newReferences = references.map((one) => renamed.get(one.commitment) ?? one);
      const kept = renameInText(redacted(draft), renamed);
      if (kept === draft.bytes && newReferences.every((one, index) => one === references[index])) return draft;
      changed = true;
      const fresh = seal(kept, newReferences);
      renamed.set(content.commitment, fresh.content);
      return fresh;
    });
  }
  return { payloads, renamed };
}

function renameInText(bytes: Uint8Array, renamed: ReadonlyMap<string, Content>): Uint8Array {
  let kept = bytes;
  for (const [old, { commitment, size }] of renamed) {
    const buffer = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength);
    if (!buffer.includes(old)) continue;
    const text = buffer.toString("utf8");
    const whole = new RegExp(`\\{"commitment":"${old}","size":\\d+\\}`, "gu");
    kept = Buffer.from(text.replaceAll(whole, JSON.stringify({ commitment, size })).replaceAll(old, commitment));
  }
  return kept;
}

function renameIn(operation: Operation, renamed: ReadonlyMap<string, Content>): Operation {
  const text = renameInText(Buffer.from(JSON.stringify(operation)), renamed);
  return parseOperation(JSON.parse(Buffer.from(text).toString("utf8")));
}

/**
 * Puts the ring around a sandbox.
 *
 * Output is redacted before anybody shortens it, since half a secret is not found any more.
 *
 * @param sandbox - that runs programs
 * @param redactor - what to take out
 * @returns a sandbox whose programs' output holds no stored secret, neither while they run nor at the end
 */
export function ringSandbox(sandbox: Sandbox, redactor: Redactor): Sandbox {
  return {
    probe: async () => sandbox.probe(),
    run: async (job, options) => {
      const { onOutput } = job;
      const streams = { stdout: redactor.stream(), stderr: redactor.stream() };
      const result = await sandbox.run(
        onOutput === undefined || streams.stdout === undefined
          ? job
          : {
              ...job,
              onOutput: (stream, chunk) => {
                const kept = streams[stream]?.push(chunk) ?? chunk;
                if (kept.length > 0) onOutput(stream, kept);
              },
            },
        options,
      );
      const kept = { stdout: result.stdout, stderr: result.stderr };
      for (const stream of ["stdout", "stderr"] as const) {
        const cutOff = result[`${stream}Bytes`] > result[stream].length;
        const rest = streams[stream]?.end({ cutOff });
        if (rest !== undefined && rest.length > 0) onOutput?.(stream, rest);
        kept[stream] = wholly(result[stream], { redactor, cutOff });
      }
      return { ...result, ...kept };
    },
  };
}

function wholly(
  bytes: Uint8Array,
  { redactor, cutOff }: { readonly redactor: Redactor; readonly cutOff: boolean },
): Uint8Array {
  const stream = redactor.stream();
  if (stream === undefined) return bytes;
  return Buffer.concat([stream.push(bytes), stream.end({ cutOff })]);
}
