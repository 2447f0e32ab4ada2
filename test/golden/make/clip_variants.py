"""Writes ../clip_tokens/variants.json: ids under other config files of the same CLIP vocabulary, by transformers' CLIPTokenizer."""
import json
import random
import shutil
import tempfile
from pathlib import Path

from transformers import CLIPTokenizer

HERE = Path(__file__).resolve().parent.parent / "clip_tokens"
SOURCE = HERE / "model" / "tokenizer"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
rng = random.Random(4)


def flags(content, normalized=True, typed=False, **more):
    return {**({"__type": "AddedToken"} if typed else {}), "content": content, "lstrip": False, "normalized": normalized, "rstrip": False, "single_word": False, **more}


CONFIG = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77}
VARIANTS = {
    "files alone": {},
    "strings": {"tokenizer_config.json": {**CONFIG, "bos_token": BOS, "eos_token": EOS, "unk_token": EOS, "pad_token": EOS}},
    "flags": {"tokenizer_config.json": {**CONFIG, **{f"{k}_token": flags(BOS if k == "bos" else EOS, typed=True) for k in ("bos", "eos", "unk", "pad")}}},
    "SD2": {
        "tokenizer_config.json": {**CONFIG, "bos_token": flags(BOS, typed=True), "eos_token": flags(EOS, typed=True), "unk_token": flags(EOS, typed=True), "pad_token": EOS},
        "special_tokens_map.json": {"bos_token": flags(BOS), "eos_token": flags(EOS), "unk_token": flags(EOS), "pad_token": "!"},
    },
    "listed": {
        "tokenizer_config.json": {**CONFIG, "bos_token": BOS, "eos_token": EOS, "unk_token": EOS, "pad_token": "!", "added_tokens_decoder": {
            "616": flags(BOS, special=True), "617": flags(EOS, False, special=True), "618": flags("<cat-toy>", special=False)}},
        "special_tokens_map.json": {"pad_token": EOS},
    },
    "short": {"tokenizer_config.json": {**CONFIG, "model_max_length": 12}},
    "tokenizer.json alone": {"tokenizer.json": None},
}
PIECES = ["fox", "Castle", " ", "  ", "'s", "'S", "\u00e9", "e\u0301", "\u65e5", "7", "\u00bd", "!", "!!", "\U0001f642", "\u03a3", "\u0391\u03a3", "\u0130", "\u1e9e", "\ufb01",
          "\u00a0", "\u0085", "\ufeff", "\u200b", "\u3000", "\n", "\0", BOS, EOS, EOS.upper(), "<|StartOfText|>", "<|endoftext", "<cat-toy>", "<CAT-TOY>", "'", "\u0345", "\U0001f98a" * 5]
TEXTS = PIECES + ["".join(rng.choice(PIECES) for _ in range(rng.randrange(2, 30))) for _ in range(60)]

result = []
for name, files in VARIANTS.items():
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if "tokenizer.json" in files:
            CLIPTokenizer.from_pretrained(SOURCE).save_pretrained(folder / "saved")
            saved = json.loads((folder / "saved" / "tokenizer.json").read_text())
            (folder / "tokenizer.json").write_text(json.dumps(saved))
            files = {"tokenizer.json": {"added_tokens": saved["added_tokens"]}}  # the test puts in vocabulary and merges
        else:
            for file in ("vocab.json", "merges.txt"):
                shutil.copy(SOURCE / file, folder)
            for file, content in files.items():
                (folder / file).write_text(json.dumps(content))
        tokenizer = CLIPTokenizer.from_pretrained(folder)
        most = min(tokenizer.model_max_length, 77)
        rows = []
        for text in TEXTS:
            ids = tokenizer(text).input_ids
            cut = tokenizer.batch_decode([ids[most - 1:-1]])[0] if len(ids) > most else None
            rows.append([ids[1:-1], cut])
        result.append(dict(name=name, files=files, bos=tokenizer.bos_token_id, eos=tokenizer.eos_token_id, pad=tokenizer.pad_token_id, vocabularySize=len(tokenizer), maxLength=most, rows=rows))
(HERE / "variants.json").write_text(json.dumps(dict(texts=TEXTS, variants=result), separators=(",", ":")) + "\n")
