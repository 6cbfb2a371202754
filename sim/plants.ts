/** Bugs as they are really written, each planted at a port: a disk that lies, a log that answers too soon, a machine that forgets. */
import type { Effect, EffectId, KernelState, MachinePort } from "@toka/kernel";
import type { Disk, DiskFile } from "../packages/store/src/backends/segments/disk.ts";
import {
  decodeSegmentHead,
  encodeFrame,
  frameHeadBytes,
  scanFrames,
} from "../packages/store/src/backends/segments/frame.ts";
import { wrapped } from "../packages/store/test/wrapped-log.ts";
import type { Plant } from "./world.ts";

/** A disk with another way of handling its open files. */
function withFiles(disk: Disk, change: (file: DiskFile) => Partial<DiskFile>): Disk {
  return {
    ...disk,
    open: async (name) => {
      const file = await disk.open(name);
      return {
        append: (bytes) => file.append(bytes),
        truncate: (size) => file.truncate(size),
        sync: () => file.sync(),
        close: () => file.close(),
        ...change(file),
      };
    },
  };
}

/** The last segment is not written anew: what is appended goes behind whatever a crash has left. */
function appendsBehindTheTail(disk: Disk): Disk {
  return {
    ...disk,
    open: async (name) => {
      const target = name.replace(/\.new$/, "");
      if (name === target || !(await disk.list()).includes(target)) return disk.open(name);
      const file = await disk.open(target);
      let first = true;
      return {
        ...file,
        append: async (bytes) => {
          if (!first) await file.append(bytes);
          first = false;
        },
      };
    },
    rename: async (from, to) => {
      if (!(await disk.list()).includes(to)) await disk.rename(from, to);
    },
  };
}

/** A last frame that does not give its check value is believed all the same. */
function believesTheTail(disk: Disk): Disk {
  return {
    ...disk,
    read: async (name, part) => {
      const bytes = await disk.read(name, part);
      const head = part === undefined ? decodeSegmentHead(bytes) : undefined;
      if (head === undefined) return bytes;
      const { chain, size, behind } = scanFrames(bytes, head.chain);
      const tail = Buffer.from(bytes.subarray(size));
      if (behind !== "torn" || tail.length < frameHeadBytes || tail[16] !== 1) return bytes;
      const content = Buffer.alloc(Math.min(tail.readUInt32LE(4), 1_000_000));
      tail.copy(content, 0, frameHeadBytes);
      return Buffer.concat([bytes.subarray(0, size), encodeFrame(chain, { kind: "batch", content }).bytes]);
    },
  };
}

/** Everything behind the first bad frame is dropped, wherever it stands: what is left never tells that it was longer. */
function dropsFromTheFirstBadFrame(disk: Disk): Disk {
  return {
    ...disk,
    read: async (name, part) => {
      const bytes = await disk.read(name, part);
      const head = part === undefined ? decodeSegmentHead(bytes) : undefined;
      return head === undefined ? bytes : bytes.subarray(0, scanFrames(bytes, head.chain).size);
    },
  };
}

/** One write in some hundred is reported as done and never comes. */
function losesWrites(disk: Disk): Disk {
  let writes = 0;
  return withFiles(disk, (file) => ({
    append: async (bytes) => {
      writes += 1;
      if (writes % 37 !== 0) await file.append(bytes);
    },
  }));
}

/** A gate that takes no notice of starts: after a crash it does again what can be done only once. */
function forgetsStarts(machine: MachinePort): MachinePort {
  const unstarted = (effect: Effect): Effect =>
    effect.status === "started" ? { ...effect, status: "requested", startedAtMs: null } : effect;
  const blind = (state: KernelState): KernelState => {
    const effects = new Map<EffectId, Effect>([...state.effects].map(([id, effect]) => [id, unstarted(effect)]));
    return new Proxy(state, { get: (target, key) => (key === "effects" ? effects : Reflect.get(target, key, target)) });
  };
  return new Proxy(machine, {
    get: (target, key) => {
      if (key === "view")
        return <T>(select: (state: KernelState) => T): Promise<T> => target.view((state) => select(blind(state)));
      if (key === "submit")
        return async (...[operation, options]: Parameters<MachinePort["submit"]>) => {
          const receipt = await target.submit(operation, options);
          const refused = operation.type === "effect.start" && "refusal" in receipt.outcome;
          return refused ? { ...receipt, outcome: { events: [] } } : receipt;
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The bugs, by what is wrong. */
export const plants: Readonly<Record<string, Plant>> = {
  "a sync that does nothing": { disk: (disk) => withFiles(disk, () => ({ sync: async () => undefined })) },
  "a sync whose failure is passed over": {
    disk: (disk) => withFiles(disk, (file) => ({ sync: () => file.sync().catch(() => undefined) })),
  },
  "a folder that is never synced": { disk: (disk) => ({ ...disk, syncFolder: async () => undefined }) },
  "an append behind a torn tail": { disk: appendsBehindTheTail },
  "a check value that nobody compares": { disk: believesTheTail },
  "a frame dropped behind a bad one, on a disk that loses writes": {
    disk: (disk) => dropsFromTheFirstBadFrame(losesWrites(disk)),
  },
  "a write that never comes": { disk: losesWrites },
  "an answer before the sync": {
    disk: (disk) =>
      withFiles(disk, (file) => ({
        sync: async () => {
          file.sync().catch(() => undefined);
        },
      })),
  },
  "an append in two parts": {
    log: (log) =>
      wrapped(log, {
        append: async (expected, { rows, payloads }) => {
          const half = Math.floor(rows.length / 2);
          if (half > 0) await log.append(expected, { rows: rows.slice(0, half), payloads });
          await log.append(expected + half, { rows: rows.slice(half), payloads: half > 0 ? [] : payloads });
        },
      }),
  },
  "a payload that is counted once": {
    log: (log) =>
      wrapped(log, {
        append: async (expected, { rows, payloads }) => {
          const sizes = await log.payloadSizes(payloads.map(({ commitment }) => commitment));
          await log.append(expected, { rows, payloads: payloads.filter(({ commitment }) => !sizes.has(commitment)) });
        },
      }),
  },
  "a checkpoint that is not written": { log: (log) => wrapped(log, { putCheckpoint: async () => undefined }) },
  "a gate that forgets what it started": { gateMachine: forgetsStarts },
};
