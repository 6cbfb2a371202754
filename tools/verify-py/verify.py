#!/usr/bin/env python3
"""Verifies a vault's folder, an export or a backup of Toka, by docs/format.md alone: no line of Toka's own code has a part in it.

    verify.py FOLDER|EXPORT|BACKUP [--key NAME+ID+BASE64|FILE] [--json]

It checks digests, the chain, columns, the tree, the signatures and roots of checkpoints, and payloads with their
commitments and counts. It does not decide operations again and does not compute digests of the state, so that an entry
is "included" (its bytes stand in a log that a checkpoint signs) or "hash only" (no checkpoint covers it), never more.
Python 3.9 or newer, standard library only. It ends with 0, or with 1 when something differs.
"""
import base64
import gzip
import hashlib
import itertools
import json
import os
import re
import sqlite3
import sys
import zlib

import ed25519

ZERO = "sha256:" + "A" * 43
DIGEST = re.compile(r"sha256:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
# By layout: SHA-256 of name, zero byte, text and line feed of each object in sqlite_schema but SQLite's own, in order of the names.
SCHEMAS = {
    1: "cf39b5e0153560c036773d834d5cf80bbd4be1a849bcadeb59c817ddd85621cd",
    2: "e56624cf4998a4c99c7317056f7ab74a5a11a723e980a282fcefc9b08e100669",
}
BETWEEN_MAX = 10_000
LINE_MAX = 16 * 1024 * 1024


class Bad(Exception):
    """Something is not as it must be: where, and what."""


def need(holds, where, what):
    if not holds:
        raise Bad(f"{where}: {what}")


def digest_text(data):
    return "sha256:" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def digest_of(data):
    return "sha256:" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def digest_bytes(text):
    return base64.urlsafe_b64decode(text[7:] + "=")


def unbase64(text, where):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Bad(f"{where}: not base64") from None
    need(base64.b64encode(data).decode() == text, where, "not base64 in its one form")
    return data


def no_constant(name):
    raise ValueError(name)


def parse(text, where):
    try:
        value = json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Bad(f"{where}: not JSON") from None
    need(isinstance(value, dict), where, "not a JSON object")
    return value


class Tree:
    """The tree of RFC 9162 as its perfect subtrees, the largest first."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def append(self, value, level=0):
        assert self.size % (1 << level) == 0
        rest = self.size >> level
        while rest & 1:
            value = hashlib.sha256(b"\x01" + self.peaks.pop() + value).digest()
            rest >>= 1
        self.peaks.append(value)
        self.size += 1 << level

    def root(self):
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + peak + root).digest()
        return root


class Key:
    """A public key in the notes' text form."""

    def __init__(self, text, where):
        parts = text.split("+", 2) if isinstance(text, str) else []
        need(len(parts) == 3, where, "no public key")
        self.text, self.name = text, parts[0]
        typed = unbase64(parts[2], where)
        need(len(typed) == 33 and typed[0] == 1, where, "no Ed25519 key")
        self.key = typed[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]
        need(parts[1] == self.id.hex(), where, "its key has another id")

    def open(self, note, where):
        """What a checkpoint says, if this key signed it: size, root, size of the one before."""
        need(isinstance(note, str), where, "its checkpoint is not text")
        text, found, rest = note.partition("\n\n")
        need(found and rest.endswith("\n"), where, "its checkpoint is no note")
        message, signed = (text + "\n").encode(), False
        for line in rest[:-1].split("\n"):
            match = re.fullmatch("\u2014 (\\S+) (\\S+)", line)
            need(match, where, "its checkpoint is no note")
            data = unbase64(match[2], where)
            if match[1] == self.name and data[:4] == self.id:
                need(ed25519.verify(self.key, message, data[4:]), where, "its checkpoint has a wrong signature")
                signed = True
        need(signed, where, "its checkpoint is not signed with the key of the log")
        shape = r"(toka/vault-[0-9a-f]{32})\n([1-9][0-9]*)\n(\S{44})\nstate (\S+)\nprevious (0|[1-9][0-9]*)"
        match = re.fullmatch(shape, text)
        need(match and DIGEST.fullmatch(match[4]), where, "its checkpoint has another form")
        need(match[1] == self.name, where, f"its checkpoint is of another log, {match[1]}")
        return int(match[2]), unbase64(match[3], where), int(match[5])


def contents(value, found):
    """Every content in an operation, in the order of its text."""
    if isinstance(value, dict):
        if isinstance(value.get("commitment"), str) and type(value.get("size")) in (int, float):
            found.append((value["commitment"], value["size"]))
            return found
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            contents(part, found)
    return found


def erased(entry):
    """The payloads that an entry erased."""
    def within(operation):
        if operation.get("type") == "batch":
            return [one for part in operation.get("operations", []) for one in within(part)]
        return operation.get("payloads", []) if operation.get("type") == "payload.erase" else []
    return [] if "refusal" in entry["outcome"] else within(entry["operation"])


def named(entry, field):
    """What a row says of `agent` or `session`."""
    own = entry["operation"].get(field)
    if isinstance(own, str):
        return own
    for event in entry["outcome"].get("events", []):
        if isinstance(event.get(field), str):
            return event[field]
    return None


def entry_of(text, position, where):
    """An entry, its form looked at."""
    entry = parse(text, where)
    need(list(entry) == ["position", "previous", "stamp", "operation", "outcome"], where, "other keys than an entry has")
    need(text.startswith('{"position":%d,"previous":"' % position), where, f"its bytes are not those of position {position}")
    stamp, operation, outcome = entry["stamp"], entry["operation"], entry["outcome"]
    for part in (stamp, operation, outcome):
        need(isinstance(part, dict), where, "a part of it is no object")
    need(list(stamp) == ["timeMs", "principal", "grant", "causes", "proof"], where, "its stamp has another form")
    need(type(stamp["timeMs"]) is int and isinstance(operation.get("type"), str), where, "its stamp has another form")
    if "refusal" in outcome:
        need(list(outcome) == ["refusal"] and isinstance(outcome["refusal"].get("code"), str), where, "no refusal")
    else:
        need(list(outcome) in (["events"], ["events", "counts"]), where, "its outcome has another form")
    return entry


def signing_key(entry):
    """The key that an entry records for checkpoints, if it does."""
    operation = entry["operation"]
    accepted = "events" in entry["outcome"]
    if accepted and operation["type"] == "key.record" and operation.get("purpose") == "checkpoint":
        return operation.get("publicKey")
    return None


class Payloads:
    """Payloads in the order in which entries name them for the first time."""

    def __init__(self, db):
        self.rows = db.execute('SELECT id, commitment, "references", salt, bytes, children FROM payloads ORDER BY id')
        self.next, self.left, self.checked, self.blank, self.erased = self.rows.fetchone(), {}, 0, {}, 0

    def refer(self, commitment, size, position):
        where = f"entry {position}"
        if commitment in self.left:
            held = self.left[commitment]
            need(None in (size, held[1]) or size == held[1], where, f"payload {commitment} has another size")
            held[0] -= 1
            if held[0] == 0:
                del self.left[commitment]
            return
        row = self.next
        need(row is not None and row[1] == commitment, where, f"payload {commitment} is missing, or counts are wrong")
        _, _, references, salt, data, children = row
        held = size
        if salt == b"" and isinstance(data, bytes) and re.fullmatch(rb"[1-9][0-9]{0,15}", data):
            need(int(data) >= position, where, f"payload {commitment} has no bytes, and no entry erased it")
            self.blank[commitment] = (int(data), where)
        else:
            blobs = isinstance(salt, bytes) and isinstance(data, bytes) and len(salt) == 16
            need(blobs and digest_text(salt + data) == commitment, where, f"payload {commitment} is not what is committed to")
            need(size is None or size == len(data), where, f"payload {commitment} has another size")
            held, self.checked = len(data), self.checked + 1
        need(type(references) is int and references > 0, where, f"payload {commitment} counts {references} references")
        self.next = self.rows.fetchone()
        if references > 1:
            self.left[commitment] = [references - 1, held]
        for child in children.split(" ") if children else []:
            self.refer(child, None, position)

    def erase(self, commitment, position):
        by, _ = self.blank.pop(commitment, (None, None))
        need(by == position, f"entry {position}", f"payload {commitment}, which it erases, is there, or another entry erased it")
        self.erased += 1

    def finish(self, where):
        need(self.next is None, where, "a payload is named by no entry")
        for commitment, (_, first) in self.blank.items():
            need(False, first, f"payload {commitment} has no bytes, and no entry erased it")
        need(not self.left, where, "a payload counts more references than entries make")


def logs_of(folder, deep=0):
    """The log in a folder, behind those that it goes on from: each with the number of entries before its own."""
    path = os.path.abspath(os.path.join(folder, "log.db"))
    need(os.path.isfile(path), folder, "no log.db")
    db = sqlite3.connect("file:" + path.replace("?", "%3f").replace("#", "%23") + "?mode=ro", uri=True)
    db.execute("BEGIN")
    need(db.execute("PRAGMA application_id").fetchone()[0] == 0x546F6B61, path, "no log of Toka")
    layout = db.execute("PRAGMA user_version").fetchone()[0]
    need(layout <= max(SCHEMAS), "log.db", f"a newer Toka wrote it, with tables of layout {layout}: known is up to {max(SCHEMAS)}")
    need(layout in SCHEMAS, "log.db", f"of layout {layout}, which there is not")
    sql = "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    schema = "".join(f"{name}\0{text}\n" for name, text in db.execute(sql.replace("sqlite_schema", "sqlite_master")))
    behind = re.search(r"coalesce\(max\(position\), ([1-9][0-9]{0,15})\)", schema)
    base = int(behind[1]) if behind else 0
    if behind:
        schema = schema.replace(behind[0], "coalesce(max(position), 0)")
    need(hashlib.sha256(schema.encode()).hexdigest() == SCHEMAS[layout], "log.db", "other tables or triggers than the format's")
    if base == 0:
        return [(db, 0, None)]
    need(deep < 8, path, "too many forks lie one in another")
    try:
        with open(os.path.join(folder, "parent"), encoding="utf-8") as file:
            parent = json.load(file)
        where, at, last = parent["path"], parent["position"], int(parent["checkpoint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Bad(f"{folder}: its file parent cannot be read: {error}") from None
    need(at == base, folder, "its file parent is about another beginning")
    return logs_of(where, deep + 1) + [(db, base, last)]


def verify_folder(folder, given):
    logs = logs_of(folder)
    # Of each log before the last one, what is shared: up to where the next begins, and up to the checkpoint that it names.
    ends = [(base, checkpoint) for _, base, checkpoint in logs[1:]] + [(None, None)]
    notes, rows = [], []
    all_rows = "SELECT position, digest, time_ms, kind, principal, agent, session, outcome, CAST(bytes AS BLOB) FROM entries"
    for (db, _, _), (upto, last) in zip(logs, ends):
        few = "" if last is None else f" WHERE size <= {int(last)}"
        notes += db.execute(f"SELECT size, note FROM checkpoints{few} ORDER BY size").fetchall()
        few = "" if upto is None else f" WHERE position <= {int(upto)}"
        # As bytes: text that is not UTF-8 must be told, not read over.
        rows.append(db.execute(f"{all_rows}{few} ORDER BY position"))
    named_by = [Payloads(db) for db, _, _ in logs]
    bases = [base for _, base, _ in logs]
    tree, key = Tree(), None
    previous, time, signed, checked = ZERO, 0, 0, 0
    for row in itertools.chain(*rows):
        position = tree.size + 1
        where = f"entry {position}"
        need(row[0] == position, where, f"missing; the next is {row[0]}")
        found = digest_text(b"\0" + row[8])
        need(row[1] == found, where, "its digest is not that of its bytes")
        try:
            entry = entry_of(row[8].decode("utf-8"), position, where)
        except UnicodeDecodeError:
            raise Bad(f"{where}: not UTF-8") from None
        need(entry["previous"] == previous, where, "it does not follow the entry before it")
        stamp, operation, outcome = entry["stamp"], entry["operation"], entry["outcome"]
        payloads = named_by[max(i for i, base in enumerate(bases) if base < position)]
        forks = operation["type"] == "vault.fork" and "events" in outcome
        need(forks or position - 1 not in bases[1:], where, "the first behind the entries of a parent, and it does not say so")
        if forks:
            shared = (operation.get("position"), operation.get("digest"), operation.get("root"))
            need(shared == (position - 1, previous, digest_of(tree.root())), where, "it goes on from other entries than those before it")
            key = None
        jumped = position > 1 and stamp["timeMs"] - time > 86_400_000 and "refusal" in outcome
        previous, time = found, time if jumped else max(time, stamp["timeMs"])
        word = outcome["refusal"]["code"] if "refusal" in outcome else "accepted"
        columns = (time, operation["type"], stamp["principal"], named(entry, "agent"), named(entry, "session"), word)
        need(row[2:8] == columns, where, f"its columns are not what its bytes say: {row[2:8]}, wanted {columns}")
        for commitment, size in contents(operation, []):
            payloads.refer(commitment, size, position)
        for commitment in erased(entry):
            payloads.erase(commitment, position)
        tree.append(digest_bytes(found))
        key = signing_key(entry) or key
        if checked < len(notes) and notes[checked][0] <= position:
            need(notes[checked][0] == position, where, "a checkpoint lies out of order")
            size, root, before = Key(key, where).open(notes[checked][1], where)
            need((size, root, before) == (position, tree.root(), signed), where, "its checkpoint has another size, root or predecessor")
            signed, checked = position, checked + 1
        need(position - signed <= BETWEEN_MAX, where, f"no checkpoint for more than {BETWEEN_MAX} entries")
    need(checked == len(notes), f"entry {tree.size + 1}", "missing: a checkpoint covers it")
    need(tree.size > 0 and key is not None, "log.db", "no entry records a key")
    # What a parent stores and counts for entries that are not shared is its own.
    named_by[-1].finish(f"entry {tree.size}")
    checked, blank = sum(one.checked for one in named_by), sum(one.erased for one in named_by)
    need(given in (None, key), "log.db", "its key is another than the one given")
    return {"included": signed, "hashOnly": tree.size - signed, "payloads": checked, "erased": blank, "absent": 0, "key": key}


def lines_of(path):
    with open(path, "rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
    with (gzip.open if packed else open)(path, "rb") as file:
        number = 0
        while True:
            line = file.readline(LINE_MAX + 1)
            if not line:
                return
            number += 1
            where = f"{path}:{number}"
            need(len(line) <= LINE_MAX and line.endswith(b"\n"), where, "the line is too long, or cut")
            try:
                yield where, parse(line.decode("utf-8"), where)
            except UnicodeDecodeError:
                raise Bad(f"{where}: not UTF-8") from None


def subtrees(begin, end):
    """Levels of the largest perfect subtrees that cover some leaves."""
    while begin < end:
        level = 0
        while begin % (2 << level) == 0 and begin + (2 << level) <= end:
            level += 1
        yield level
        begin += 1 << level


def verify_backup(folder, given):
    """Segments, each an export that goes on where the one before it ends."""
    names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"entries-\d{15}-\d{15}\.gz", name))
    so_far = {"tree": Tree(), "last": None, "awaited": {}, "come": set(), "gone": set(), "later": {}, "signed": 0, "recorded": None, "key": given}
    for name in names:
        path, first, last = os.path.join(folder, name), int(name[8:23]), int(name[24:39])
        need(first == so_far["tree"].size + 1, path, f"the segment of entry {so_far['tree'].size + 1} is missing")
        so_far["key"] = verify_export(path, so_far["key"], so_far)["key"]
        need(so_far["tree"].size == last, path, "it holds other entries than its name says")
    size = so_far["tree"].size
    gone = so_far["gone"] | {one for one, by in so_far["later"].items() if by > size}
    erased, absent = len(so_far["awaited"].keys() & gone), len(so_far["awaited"].keys() - gone)
    need(names and absent == 0, folder, "there is no segment in it" if not names else f"{absent} payloads are missing")
    return {"included": size, "hashOnly": 0, "payloads": len(so_far["come"]), "erased": erased, "absent": 0, "key": so_far["key"]}


def verify_export(path, given, so_far=None):
    lines = lines_of(path)
    where, head = next(lines, (f"{path}:1", {}))
    need(head.get("toka") == "export" and head.get("format") == 1, where, "no export of format 1")
    key = Key(head.get("key"), where)
    need(given in (None, key.text), where, "its key is another than the one given")
    size, root, previous = key.open(head.get("checkpoint"), where)
    tree, entries, last, awaited, come, gone, ended = Tree(), 0, None, {}, set(), set(), False
    if so_far is not None:
        tree, last, awaited, come, gone = (so_far[name] for name in ("tree", "last", "awaited", "come", "gone"))
    held, first, gone_on, before = len(come), tree.size == 0, False, set(come)
    # What was forked or restored begins with the entries of another vault, which signed with a key of its own.
    recorded, whole = None if so_far is None else so_far["recorded"], True
    for where, line in lines:
        need(not ended, where, "something follows the end")
        need(first or entries > 0 or "entry" not in line or gone_on, where, "its gap is missing")
        if isinstance(line.get("entry"), str):
            data = line["entry"].encode("utf-8", "surrogatepass")
            entry = entry_of(line["entry"], tree.size + 1, where)
            need(last is None or entry["previous"] == last, where, "it does not follow the entry before it")
            recorded = signing_key(entry) or recorded
            last = digest_text(b"\0" + data)
            tree.append(digest_bytes(last))
            entries += 1
            for commitment, length in contents(entry["operation"], []):
                if commitment not in come:
                    awaited.setdefault(commitment, length)
            for commitment in erased(entry):
                need(commitment not in come or commitment in before, where, f"it erased payload {commitment}, which is in the file")
                gone.add(commitment)
        elif isinstance(line.get("erased"), str):
            children = line.get("children")
            need(line["erased"] in awaited, where, "no entry before it names this payload")
            need(type(line.get("by")) is int and isinstance(children, list), where, "its row is not whole")
            if so_far is not None:
                so_far["later"][line["erased"]] = line["by"]
            for child in children:
                if child not in come:
                    awaited.setdefault(child, None)
        elif not first and entries == 0 and isinstance(line.get("gap"), int):
            peaks = [base64.b64encode(value).decode() for value in tree.peaks]
            gone_on = line["gap"] == tree.size and line.get("hashes") == peaks
            need(gone_on, where, "it does not go on where the one before it ends")
        elif isinstance(line.get("signed"), str):
            signer = key if recorded is None else Key(recorded, where)
            at, at_root, at_previous = signer.open(line["signed"], where)
            need((at, at_root) == (tree.size, tree.root()), where, "its checkpoint has another size or root")
            need(so_far is None or at_previous == so_far["signed"], where, "a checkpoint before it is missing")
            if so_far is not None:
                so_far["signed"] = at
        elif isinstance(line.get("gap"), int) and line["gap"] > 0 and tree.size + line["gap"] <= size:
            levels, hashes = list(subtrees(tree.size, tree.size + line["gap"])), line.get("hashes")
            need(isinstance(hashes, list) and len(hashes) == len(levels), where, "its gap has another number of hashes")
            for level, text in zip(levels, hashes):
                value = unbase64(text, where)
                need(len(value) == 32, where, "a hash has 32 bytes")
                tree.append(value, level)
            last, whole = None, False
        elif isinstance(line.get("payload"), str):
            commitment, length, children = line["payload"], line.get("size"), line.get("children")
            need(commitment in awaited, where, "no entry before it names this payload")
            need(commitment not in gone, where, "an entry before it erased this payload")
            need(type(length) is int and awaited.pop(commitment) in (None, length), where, "its payload has another size")
            need(isinstance(children, list), where, "its children are no list")
            salt, read = unbase64(line.get("salt"), where), 0
            need(len(salt) == 16, where, "its salt has 16 bytes")
            value = hashlib.sha256(salt)
            while read < length:
                where, part = next(lines, (where, {}))
                data = unbase64(part.get("part"), where)
                need(len(data) > 0, where, "an empty part")
                value.update(data)
                read += len(data)
            found = "sha256:" + base64.urlsafe_b64encode(value.digest()).decode().rstrip("=")
            need(read == length and found == commitment, where, f"payload {commitment} is not what is committed to")
            come.add(commitment)
            for child in children:
                if child not in come:
                    awaited.setdefault(child, None)
        else:
            need(line.get("end") is True, where, "no line of an export")
            need((line.get("entries"), line.get("payloads")) == (entries, len(come) - held), where, "it counts otherwise")
            need(tree.size == size and tree.root() == root, where, "what is in the file does not give the signed root")
            need(not whole or recorded in (None, key.text), where, "it records another key")
            ended = True
    need(ended, where, "the file is cut")
    if so_far is not None:
        need(previous == so_far["signed"], where, "a checkpoint before its own is missing")
        so_far.update(last=last, signed=size, recorded=recorded)
    absent = awaited.keys() - gone
    return {"included": entries, "hashOnly": 0, "payloads": len(come), "erased": len(awaited) - len(absent), "absent": len(absent), "key": key.text}


def main(arguments):
    words, given, as_json = [], None, False
    while arguments:
        word = arguments.pop(0)
        if word == "--key" and arguments:
            given = arguments.pop(0)
            if os.path.isfile(given):
                with open(given, encoding="utf-8") as file:
                    given = file.read().strip()
        elif word == "--json":
            as_json = True
        else:
            words.append(word)
    if len(words) != 1 or words[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        kept = os.path.isdir(words[0]) and any(name.startswith("entries-") for name in os.listdir(words[0]))
        verify = verify_backup if kept else verify_folder if os.path.isdir(words[0]) else verify_export
        report = {"ok": True, **verify(words[0], given), "signedBy": "file" if given is None else "key"}
    except (Bad, OSError, EOFError, zlib.error, sqlite3.Error) as error:
        report = {"ok": False, "reason": str(error)}
    if as_json:
        print(json.dumps(report))
    elif not report["ok"]:
        print(f"verify.py: BAD at {report['reason']}")
    else:
        whose = "the key given" if given else "a key that only the files name: unproved whose log this is"
        print(f"verify.py: included {report['included']}, hash only {report['hashOnly']}, payloads {report['payloads']}, erased {report['erased']}, absent {report['absent']}; signed with {whose}")
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
