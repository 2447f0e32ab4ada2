"""Writes ../weights/mutants.json: damaged safetensors files, described by what is done to a base file, and the reference reader's verdict on each.

    python safetensors_verdicts.py [seed]

Verdicts are those of safetensors' own `deserialize` and `safe_open` (they must agree): "x" for refused, else how many tensors it finds.
"""
import json
import random
import re
import struct
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from safetensors import deserialize, safe_open

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 20260
rng = random.Random(SEED)

BASES = [
    # What a library writes: metadata, padding, a scalar and an empty tensor.
    ['{"__metadata__":{"format":"pt","note":"caf\\u00e9"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},'
     '"a.bias":{"dtype":"F16","shape":[3],"data_offsets":[24,30]},"e":{"dtype":"BF16","shape":[0,4],"data_offsets":[30,30]},'
     '"s":{"dtype":"I64","shape":[],"data_offsets":[30,38]},"m":{"dtype":"BOOL","shape":[2],"data_offsets":[38,40]}}     ', 40],
    # What the reader also takes: any order and white space, escapes, foreign keys, entries as arrays, rare element types.
    [' {"z" :["F4",[4],[6,8]],\n"\\ud83d\\ude42":{"shape":[1,2],"x":[1,-2.5e-3,{"y":[null,true,false,"\\u0041\\n"]}],'
     '"data_offsets":[0,2],"dtype":"F8_E4M3"},\t"é":{"dtype":{"U16":null},"shape":[2],"data_offsets":[2,6]},"__metadata__":null,'
     '"__proto__":["U8",[],[8,9]] }\r\n', 9],
    ["{}", 0],
    ['{"t":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}', 8],
]
NUMBERS = ["0", "1", "2", "4", "-1", "-0", "0.0", "1.0", "2e0", "1e999", "01", "00", "1.", "1e", "+1", "0x1", "", "null", "true", '"1"', "[]", "{}",
           "9007199254740991", "9007199254740993", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615",
           "18446744073709551616", "99999999999999999999999", "1e-999", "NaN", "Infinity", "6,0", "0,9223372036854775808,2", "9223372036854775808,2,0"]
STRINGS = ['"dtype"', '"shape"', '"data_offsets"', '"__metadata__"', '"F32"', '"F16"', '"f32"', '"F8_E8M0"', '"F6_E2M3"', '"C64"', '"U64"', '"C128"', '"FLOAT"',
           '"\\u0046\\u0033\\u0032"', '"\\ud800"', '"\\udc00"', '"\\ud83d\\ude42"', '"\\ud83dx"', '"\\ud83d\\u0041"', '"\\x41"', '"\\u00g0"', '"\\u12"', '"a\tb"', '"a\x00b"',
           '"\x7f"', '"\xff"', '"\xc3"', '"\xc3\xa9"', '"\xed\xa0\x80"', '"\xf4\x90\x80\x80"', '"\xc0\x80"', '"a', 'a"', "null", "1", "[]", "{}", '{"F32":null}', '{"F32":{}}',
           '{"F32":null,"F32":null}', '""', '"__proto__"', '"constructor"', '"' + "n" * 300 + '"']
VALUES = ["null", "0", '""', "[]", "{}", "[[0]]", '{"dtype":"F32"}', '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}', '["F32",[0],[0,0]]', '["F32",[0],[0,0],0]', '["F32",[0]]']
BYTES = [bytes([b]) for b in b'{}[],:"\\0123456789eE.+-tfnul \n\t\r\0\x01\x1f\x7f/\'' ] + [b"\x80", b"\xff", b"\xef\xbb\xbf", b"\xc3\xa9", b"\xe2\x80\xa8", b"\xc2\xa0", b"\x0b", b"\x0c"]
TOKEN = re.compile(rb'"(?:\\.|[^"\\])*"|-?\d[\d.eE+-]*|[{}\[\],:]|null|true|false|[ \n\t\r]+')


def base_parts(base):
    header, size = BASES[base]
    return header.encode(), bytes(i % 251 for i in range(size))


def many(count, last):
    """A header of `count` one-byte tensors; `last` is added to where the last one ends."""
    entries = (f'"t.{i}":{{"dtype":"U8","shape":[1],"data_offsets":[{i},{i + 1 + (last if i == count - 1 else 0)}]}}' for i in range(count))
    return ("{" + ",".join(entries) + "}").encode(), bytes(count)


def build(mutant):
    """The bytes of a mutant: [base, operation...]; the TypeScript test does the same."""
    header, data = base_parts(mutant[0])
    length, file = None, None
    for op, *args in mutant[1:]:
        if op == "many":
            header, data = many(*args)
        elif op == "data":  # the data part has so many bytes
            data = bytes(args[0])
        elif op == "header":  # replaces bytes of the header; its length follows
            at, remove, insert = args
            header = header[:at] + insert.encode("latin-1") + header[at + remove:]
        elif op == "length":  # what the file says of its header
            length = int(args[0])
    file = struct.pack("<Q", len(header) if length is None else length) + header + data
    for op, *args in mutant[1:]:
        if op == "file":  # replaces bytes of the file and leaves the rest as it is
            at, remove, insert = args
            file = file[:at] + insert.encode("latin-1") + file[at + remove:]
        elif op == "flip":
            file = bytearray(file)
            file[args[0]] ^= 1 << args[1]
            file = bytes(file)
        elif op == "cut":
            file = file[:args[0]]
    return file


def verdict(data):
    try:
        tensors = {name for name, _ in deserialize(data)}
    except Exception:
        tensors = None
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        file.write(data)
        file.flush()
        try:
            with safe_open(file.name, "np") as opened:
                names = set(opened.keys())
        except Exception:
            names = None
    assert tensors == names, (tensors, names, data)
    return "x" if names is None else str(len(names))


def splice(header, match, text):
    return ["header", match.start(), match.end() - match.start(), text]


def mutants():
    for b, (text, _) in enumerate(BASES):
        header, data = base_parts(b)
        size = 8 + len(header) + len(data)
        n = len(header)
        yield [b]
        for length in (0, 1, n - 2, n - 1, n + 1, n + 2, n + len(data), n + len(data) + 1, 10**8, 10**8 + 1, 2**31, 2**32, 2**32 + n, 2**53, 2**63 - 1, 2**63, 2**63 + n, 2**64 - 8, 2**64 - 1):
            if length >= 0:
                yield [b, ["length", str(length)]]
        for cut in range(0, size, 1 if size < 80 else 5):
            yield [b, ["cut", cut]]
        for more in (0, 1, 7, 8, len(data) + 1, max(len(data) - 1, 0), 4096):
            yield [b, ["data", more]]
        for at in (0, n):
            for insert in BYTES:
                yield [b, ["header", at, 0, insert.decode("latin-1")]]
        tokens = list(TOKEN.finditer(header))
        for t in tokens:
            yield [b, splice(header, t, "")]
            yield [b, ["header", t.start(), 0, t.group().decode("latin-1")]]
            if t.group()[:1].isdigit() or t.group()[:1] == b"-":
                for number in rng.sample(NUMBERS, 14):
                    yield [b, splice(header, t, number)]
            if t.group()[:1] == b'"':
                for string in rng.sample(STRINGS, 10):
                    yield [b, splice(header, t, string)]
        # One entry, whole, put in again or instead of another; a field doubled; a value replaced.
        entries = list(re.finditer(rb'"[^"]*"\s*:\s*(?:\{[^{}]*\}|\[[^{}]*?\]\])', header))
        for e in entries:
            for other in entries:
                yield [b, ["header", e.start(), 0, other.group().decode("latin-1") + ","]]
                yield [b, splice(header, e, other.group().decode("latin-1"))]
            name = e.group().split(b":")[0].decode("latin-1")
            for value in VALUES:
                yield [b, splice(header, e, f"{name}:{value}")]
        for f in re.finditer(rb'"(?:dtype|shape|data_offsets)":(?:"[^"]*"|\[[^\]]*\])', header):
            yield [b, ["header", f.start(), 0, f.group().decode("latin-1") + ","]]
        for e in re.finditer(rb"\[(\d+),(\d+)\](?=\})", header):  # shifted, reversed, widened ranges
            begin, end = int(e[1]), int(e[2])
            for x, y in ((end, begin), (begin + 1, end + 1), (begin - 1, end), (begin, end + 1), (begin, end - 1), (end, end), (begin, begin), (0, end - begin)):
                yield [b, splice(header, e, f"[{x},{y}]")]
        for _ in range(300 if n > 100 else 100):
            yield [b, ["flip", rng.randrange(8 + n), rng.randrange(8)]]
        for _ in range(250 if n > 100 else 60):
            yield [b, ["header", rng.randrange(n + 1), rng.randrange(2), rng.choice(BYTES).decode("latin-1")]]
        for _ in range(40):
            at = rng.randrange(n + 1)
            yield [b, ["file", 8 + at, rng.randrange(4), "".join(map(chr, rng.choices(range(256), k=rng.randrange(1, 6))))]]
    nested = BASES[1][0].encode().index(b"null,true")
    for opening, closing in (("[", "]"), ('{"":', "}")):
        for depth in (120, 121, 122, 123, 124, 125, 126, 127, 128, 1000):
            yield [1, ["header", nested, 4, opening * depth + "0" + closing * depth]]
            yield [1, ["header", nested, 4, opening * depth]]
    for number in ("1e308", "1.8e308", "10e308", "0.1e309", "0e99999999999", "1e-99999999999", "-1e309", "1E+2", "-0", "-01", "1" + "0" * 320, "1" + "0" * 320 + "e-300", ".5", "-", "2.5.1", "1e5e5", "tru", "nulll"):
        yield [1, ["header", nested, 4, number]]
    for dtype, bits in dict(BOOL=8, F4=4, F6_E2M3=6, F6_E3M2=6, U8=8, I8=8, F8_E5M2=8, F8_E4M3=8, F8_E8M0=8, F8_E4M3FNUZ=8, F8_E5M2FNUZ=8, I16=16, U16=16, F16=16, BF16=16,
                            I32=32, U32=32, F32=32, C64=64, F64=64, I64=64, U64=64, F8_E4M3FN=8, I128=128).items():
        for elements in (1, 2, 4):
            for delta in (0, 1):
                end = elements * bits // 8 + delta
                yield [2, ["header", 0, 2, json.dumps({"t": {"dtype": dtype, "shape": [elements], "data_offsets": [0, end]}})], ["data", end]]
    for count, last in ((100_000, 0), (100_000, -1), (100_000, 1), (20_000, 0)):
        yield [2, ["many", count, last]]


def main():
    unique = {json.dumps(m): m for m in mutants()}
    verdicts = [verdict(build(m)) for m in unique.values()]
    accepted = sum(v != "x" for v in verdicts)
    lines = [
        f'"provenance":{json.dumps("test/golden/make/safetensors_verdicts.py, safetensors " + version("safetensors"))}',
        f'"seed":{SEED}',
        f'"bases":{json.dumps(BASES, ensure_ascii=False)}',
        f'"verdicts":{json.dumps(",".join(verdicts))}',
        '"mutants":[\n' + ",\n".join(json.dumps(m, separators=(",", ":")) for m in unique.values()) + "\n]",
    ]
    path = Path(__file__).parent.parent / "weights" / "mutants.json"
    path.write_text("{" + ",\n".join(lines) + "}\n")
    print(f"{len(unique)} mutants, {accepted} accepted, {path.stat().st_size} bytes")


main()
