"""Many to many by an encoder and a decoder: all steps are read, then all outputs are written."""

from _unrolled import Drawing, chain, columns

drawing = Drawing(4.7, 2.3)
encoder, decoder = [], []
for x, step in zip(columns(3, left=0.4, gap=0.75), "123", strict=True):
    encoder.append(drawing.box(x, 1.05, f"$h_{step}$"))
    drawing.arrow(drawing.box(x, 0.4, f"$x_{step}$", "input").top, encoder[-1].bottom)
drawing.text(2.72, 0.4, "0", size=11)
for x, step in zip(columns(2, left=2.72, gap=1.1), "12", strict=True):
    decoder.append(drawing.box(x, 1.05, f"$s_{step}$"))
    written = drawing.box(x, 1.7, f"$ŷ_{step}$", "output")
    drawing.arrow(decoder[-1].top, written.bottom)
    if step == "1":
        drawing.arrow((x, 0.52), decoder[-1].bottom)
        first = written
between = (first.x + decoder[1].x) / 2
drawing.path(
    first.right, (between, 1.7), (between, 0.5), (decoder[1].x, 0.5), decoder[1].bottom,
    color="tab:red", style="--",
)  # fmt: skip
chain(drawing, [*encoder, *decoder])
drawing.text(1.15, 2.1, "encoder reads")
drawing.text(3.3, 2.1, "decoder writes")
drawing.text(3.55, 0.17, "reads its own output", color="tab:red", size=9.5)
