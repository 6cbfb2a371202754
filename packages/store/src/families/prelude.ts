/**
 * What stands in the engine before a bundle does: `defineFamily`, the run of one operation, and an environment in which nothing tells
 * the time, draws by chance, differs by place, or loops where steps are not counted.
 *
 * The text is part of what decides: another text is another engine, see `engineVersion`.
 */

/** JavaScript, evaluated once. It leaves `defineFamily` for the bundle, and `__toka` for the engine. */
export const prelude: string = String.raw`
"use strict";
(() => {
  const { parse, stringify } = JSON;
  const { freeze, keys, hasOwn, getOwnPropertyNames, getOwnPropertyDescriptor, getPrototypeOf, defineProperty } = Object;
  const { isArray } = Array;
  const { isSafeInteger } = Number;
  const apply = Reflect.apply;
  const lengthMax = 100000;

  const tooLong = () => { throw new RangeError("too long to go through in one step"); };
  const weigh = (value) => {
    if (typeof value === "string" || isArray(value)) { if (value.length > lengthMax) tooLong(); return value.length; }
    if (typeof value === "object" && value !== null) {
      const { length } = value;
      if (length !== undefined && !(length <= lengthMax)) tooLong();
      return 1;
    }
    if (typeof value === "number" && value > lengthMax) return lengthMax + 1;
    return 1;
  };
  const bound = (holder, name, { counts }) => {
    const given = getOwnPropertyDescriptor(holder, name);
    if (given === undefined || typeof given.value !== "function") return;
    const native = given.value;
    const bounded = { [name](...args) {
      let weight = weigh(this);
      for (let index = 0; index < args.length; index += 1) {
        const one = weigh(args[index]);
        if (counts && one > lengthMax) tooLong();
        if (typeof this === "string" && typeof args[index] === "string") weight *= one > 0 ? one : 1;
      }
      if (weight > 10000000) tooLong();
      return apply(native, this, args);
    } }[name];
    defineProperty(holder, name, { ...given, value: bounded });
  };
  for (const name of getOwnPropertyNames(Array.prototype)) {
    if (name === "toLocaleString") delete Array.prototype[name];
    else if (name !== "constructor") bound(Array.prototype, name, { counts: name === "fill" });
  }
  bound(Array, "from", { counts: false });
  for (const name of getOwnPropertyNames(String.prototype)) {
    if (dropped(name)) delete String.prototype[name];
    else if (name !== "constructor" && name !== "toString" && name !== "valueOf") bound(String.prototype, name, { counts: true });
  }
  function dropped(name) {
    return name === "localeCompare" || name === "normalize" || name === "match" || name === "matchAll" || name === "search" ||
      name === "toLocaleLowerCase" || name === "toLocaleUpperCase";
  }
  delete String.raw;
  delete Number.prototype.toLocaleString;
  delete Object.prototype.toLocaleString;
  for (const name of getOwnPropertyNames(Math))
    if (!["abs", "ceil", "floor", "max", "min", "round", "sign", "trunc"].includes(name) && getOwnPropertyDescriptor(Math, name).configurable) delete Math[name];

  for (const one of [function () {}, function* () {}, async function () {}, async function* () {}]) {
    const proto = getPrototypeOf(one);
    if (proto !== null && proto !== undefined) delete proto.constructor;
  }
  for (const name of ["eval", "Function", "Iterator", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "BigInt", "Date", "RegExp",
    "Promise", "Proxy", "escape", "unescape", "print", "console", "performance", "queueMicrotask", "navigator"]) if (hasOwn(globalThis, name)) delete globalThis[name];

  const lock = (value, seen) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    freeze(value);
    for (const key of Reflect.ownKeys(value)) {
      const part = getOwnPropertyDescriptor(value, key);
      lock(part.value, seen);
      lock(part.get, seen);
      lock(part.set, seen);
    }
    lock(getPrototypeOf(value), seen);
  };

  const still = (value) => {
    if (typeof value === "object" && value !== null) {
      for (const key of keys(value)) still(value[key]);
      freeze(value);
    }
    return value;
  };
  const plain = (value, what, depth) => {
    if (value === null || typeof value === "boolean") return;
    if (typeof value === "number") { if (!isSafeInteger(value)) throw new TypeError(what + " holds " + value + ", wanted a whole number"); return; }
    if (typeof value === "string") { if (!value.isWellFormed()) throw new TypeError(what + " holds broken Unicode"); return; }
    if (typeof value !== "object") throw new TypeError(what + " holds " + (value === undefined ? "nothing" : "a " + typeof value));
    if (depth > 14) throw new TypeError(what + " nests too deep");
    if (isArray(value)) { for (let index = 0; index < value.length; index += 1) plain(value[index], what, depth + 1); return; }
    const proto = getPrototypeOf(value);
    if (proto !== Object.prototype && proto !== null) throw new TypeError(what + " holds an object that is no plain data");
    for (const key of keys(value)) plain(value[key], what, depth + 1);
  };

  const kinds = {
    name: [(value) => typeof value === "string" && value.length > 0 && value.length <= 64 && named(value), "a name of letters, digits and _ . - + @, at most 64"],
    text: [(value) => typeof value === "string" && value.length <= 1000, "a text of at most 1,000 characters"],
    integer: [(value) => isSafeInteger(value), "a whole number"],
    positive: [(value) => isSafeInteger(value) && value > 0, "a whole number above 0"],
    boolean: [(value) => typeof value === "boolean", "true or false"],
  };
  function named(value) {
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      const fine = (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
      if (!fine && !"_.-+@".includes(value[index])) return false;
    }
    return true;
  }
  const misfit = (value, shape) => {
    if (typeof value !== "object" || value === null || isArray(value)) return "found no object";
    for (const key of keys(value)) if (!hasOwn(shape, key)) return key + " is not known";
    for (const key of keys(shape)) {
      const optional = shape[key].endsWith("?");
      const [fits, wanted] = kinds[optional ? shape[key].slice(0, -1) : shape[key]];
      if (!hasOwn(value, key)) { if (optional) continue; return key + " is missing, wanted " + wanted; }
      if (!fits(value[key])) return key + ": wanted " + wanted;
    }
    return undefined;
  };

  const shapes = (given, what) => {
    if (typeof given !== "object" || given === null) throw new TypeError(what + " are missing");
    for (const name of keys(given)) for (const key of keys(given[name])) {
      const kind = given[name][key];
      const known = typeof kind === "string" && hasOwn(kinds, kind.endsWith("?") ? kind.slice(0, -1) : kind);
      if (!known) throw new TypeError(what + ": " + name + "." + key + " wants one of " + keys(kinds).join(", "));
    }
    return still(given);
  };
  let family;
  const defineFamily = (given) => {
    if (family !== undefined) throw new TypeError("a bundle defines one family");
    const { prefix, version, operations, events, decide, evolve } = given;
    if (typeof prefix !== "string") throw new TypeError("prefix is no text");
    if (!isSafeInteger(version) || version < 1) throw new TypeError("version is no whole number above 0");
    if (typeof decide !== "function" || typeof evolve !== "function") throw new TypeError("decide and evolve are functions");
    family = { prefix, version, operations: shapes(operations, "operations"), events: shapes(events, "events"), decide, evolve };
  };

  const describe = () => {
    if (family === undefined) throw new TypeError("the bundle calls defineFamily nowhere");
    const { prefix, version, operations, events } = family;
    return stringify({ prefix, version, operations, events });
  };

  const run = (text, readRow) => {
    const asked = parse(text);
    if (family === undefined) throw new TypeError("the bundle calls defineFamily nowhere");
    if (family.prefix !== asked.family || family.version !== asked.version) throw new TypeError("the bundle is of " + family.prefix + " " + family.version);
    if (!hasOwn(family.operations, asked.verb)) return stringify({ failed: "verb", message: "operations are " + keys(family.operations).join(", ") });
    const body = still(parse(asked.body));
    const amiss = misfit(body, family.operations[asked.verb]);
    if (amiss !== undefined) return stringify({ failed: "body", message: amiss });

    const written = new Map();
    const get = (key) => {
      if (typeof key !== "string") throw new TypeError("the key of a row is no text");
      const value = written.has(key) ? written.get(key) : readRow(key);
      return value === undefined || value === null ? undefined : still(parse(value));
    };
    const { timeMs, position, principal, agent } = asked;
    const moment = freeze({ timeMs, position, principal, agent });
    const answer = family.decide(freeze({ get }), freeze({ type: asked.verb, body }), moment);
    if (typeof answer !== "object" || answer === null) throw new TypeError("decide gave neither events nor a refusal");
    if (hasOwn(answer, "refused")) {
      const { code, ...detail } = answer.refused;
      plain(detail, "the refusal", 0);
      return stringify({ refused: { code, detail } });
    }
    if (!isArray(answer.events)) throw new TypeError("decide gave neither events nor a refusal");
    const events = answer.events.map(({ type, ...rest }) => {
      if (typeof type !== "string" || !hasOwn(family.events, type)) throw new TypeError("the event " + type + " is not declared");
      plain(rest, "the event " + type, 0);
      const wrong = misfit(rest, family.events[type]);
      if (wrong !== undefined) throw new TypeError("the event " + type + ": " + wrong);
      const event = still({ type, ...rest });
      const writes = [];
      const write = (key, value) => {
        if (typeof key !== "string") throw new TypeError("the key of a row is no text");
        written.set(key, value);
        writes.push({ key, value: value === null ? null : parse(value) });
      };
      const put = (key, value) => { plain(value, "the row " + key, 0); if (value === null) throw new TypeError("the row " + key + " is null, which only drop says"); write(key, stringify(value)); };
      const drop = (key) => write(key, null);
      const gave = family.evolve(freeze({ get, put, drop }), event);
      if (gave !== undefined) throw new TypeError("evolve gave something, and only writes rows");
      return { name: type, body: rest, writes };
    });
    return stringify({ events });
  };

  defineProperty(globalThis, "defineFamily", { value: defineFamily });
  lock(globalThis, new Set());
  return freeze([run, describe]);
})()
`;
