"""Writes test/golden/resize/pictures and pillow.json: what Pillow, diffusers and transformers do with pictures. Run from anywhere."""
import hashlib, json, random, struct, zlib
from pathlib import Path
import numpy as np
from PIL import Image, ImageCms, ImageFilter, ImageOps
from diffusers.image_processor import VaeImageProcessor
from transformers import CLIPImageProcessor

HERE = Path(__file__).resolve().parent.parent / "resize"
PICTURES = HERE / "pictures"
PICTURES.mkdir(exist_ok=True)
W, H = 23, 17


def sha(data):
    return hashlib.sha256(data).hexdigest()


def synthetic(start, width, height, channels):
    i = np.arange(start, start + width * height * channels, dtype=np.uint64)
    a = (((i * 2654435761) % 2**32) >> 13 & 255).astype(np.uint8).reshape(height, width, channels)
    return Image.fromarray(a[..., 0] if channels == 1 else a)


def png(color, depth, rows):
    chunk = lambda t, b: struct.pack(">I", len(b)) + t + b + struct.pack(">I", zlib.crc32(t + b))
    head = struct.pack(">IIBBBBB", W, H, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in rows))) + chunk(b"IEND", b"")


def write_pictures():
    y, x = np.mgrid[0:H, 0:W]
    rgb = np.stack([x * 11 % 256, y * 15 % 256, x * y * 3 % 256], -1).astype(np.uint8)
    rgba = np.dstack([rgb, ((x * 9 + y * 5) % 256).astype(np.uint8)])
    rgba[:4, :4, 3] = 0
    grey = rgb[..., 2]
    R, A, G = map(Image.fromarray, (rgb, rgba, grey))
    P = R.quantize(8)
    save = lambda name, im, **options: im.save(PICTURES / name, **options)
    save("rgb.png", R), save("rgba.png", A), save("grey.png", G), save("grey-alpha.png", A.convert("LA"))
    save("bilevel.png", G.convert("1")), save("palette.png", R.quantize(40)), save("palette-4bit.png", R.quantize(9), bits=4)
    save("palette-transparent.png", P, transparency=bytes([0, 50, 100, 255, 3, 4, 200, 9]))
    save("rgb-key.png", R, transparency=(0, 0, 0)), save("grey16.png", Image.fromarray(grey.astype(np.uint16) * 3))
    rng = np.random.default_rng(1)
    for color, channels, name in ((2, 3, "rgb16"), (6, 4, "rgba16"), (4, 2, "grey-alpha16")):
        v = rng.integers(0, 65536, (H, W, channels)).astype(">u2")
        (PICTURES / f"{name}.png").write_bytes(png(color, 16, [row.tobytes() for row in v]))
    save("sub420.jpg", R, quality=75), save("sub444.jpg", R, quality=95, subsampling=0), save("sub422.jpg", R, quality=90, subsampling=1)
    save("grey.jpg", G), save("progressive.jpg", R, progressive=True, quality=60), save("cmyk.jpg", R.convert("CMYK"), quality=90)
    for o in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = o
        save(f"orientation-{o}.jpg", R, exif=exif, quality=90)
    save("orientation-6.png", R, exif=exif), save("orientation-8.webp", R, exif=exif, lossless=True)
    save("lossy.webp", R, quality=60), save("lossy-alpha.webp", A, quality=60), save("lossless.webp", A, lossless=True, exact=True)
    save("single.gif", R), save("animated.gif", R, save_all=True, append_images=[ImageOps.invert(R)])
    save("plain.tif", R), save("lzw.tif", R, compression="tiff_lzw"), save("cmyk.tif", R.convert("CMYK")), save("grey16.tif", Image.fromarray(grey.astype(np.uint16) * 3))
    save("profile.png", R, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    save("colours.avif", R, quality=70)


def decoded():
    for path in sorted(PICTURES.iterdir()):
        if path.suffix == ".avif":
            continue  # libavif and libheif enlarge colour differently
        im = ImageOps.exif_transpose(Image.open(path))
        yield dict(picture=path.name, width=im.width, height=im.height, **{m: sha(im.convert(m).tobytes()) for m in ("L", "RGB", "RGBA")})


def computed():
    r = random.Random(0)
    filters = dict(lanczos=1, bicubic=3, bilinear=2, nearest=0)
    for n in range(80):
        c, w, h, width, height = r.choice([1, 3, 4]), r.randint(1, 90), r.randint(1, 90), r.randint(1, 120), r.randint(1, 120)
        name = list(filters)[n % 4]
        yield dict(kind="resize", start=n, from_=[w, h, c], to=[width, height], filter=name, sha256=sha(synthetic(n, w, h, c).resize((width, height), filters[name]).tobytes()))
    for n, radius in enumerate((0.3, 0.5, 1, 2, 3, 4, 4.5, 7.7, 16, 33, 100)):
        for c in (1, 3, 4):
            w, h = r.randint(1, 60), r.randint(1, 60)
            yield dict(kind="blur", start=n, from_=[w, h, c], radius=radius, sha256=sha(synthetic(n, w, h, c).filter(ImageFilter.GaussianBlur(radius)).tobytes()))
    for n in range(30):
        w, h, m = r.randint(8, 120), r.randint(8, 120), r.choice([4, 8, 16])
        width, height, mode = r.randint(m, 100), r.randint(m, 100), ("default", "fill", "crop")[n % 3]
        im = synthetic(n, w, h, 3)
        image = VaeImageProcessor(vae_scale_factor=m).preprocess(im, height=height, width=width, resize_mode=mode)
        mask = VaeImageProcessor(vae_scale_factor=m, do_normalize=False, do_binarize=True, do_convert_grayscale=True).preprocess(im, height=height, width=width, resize_mode=mode)
        yield dict(kind="vae", start=n, from_=[w, h, 3], to=[width, height], multiple=m, mode=mode, sha256=sha(image.numpy().tobytes()), mask=sha(mask.numpy().tobytes()))
    for n in range(20):
        w, h, size = r.randint(8, 150), r.randint(8, 150), r.choice([14, 28, 64, 224])
        values = CLIPImageProcessor(size={"shortest_edge": size}, crop_size={"height": size, "width": size})(synthetic(n, w, h, 3), return_tensors="pt").pixel_values
        yield dict(kind="clip", start=n, from_=[w, h, 3], size=size, sha256=sha(values.numpy().tobytes()))


write_pictures()
lines = lambda rows: "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"
(HERE / "pillow.json").write_text('{"decoded": ' + lines(decoded()) + ',\n"computed": ' + lines(computed()) + "}\n")
