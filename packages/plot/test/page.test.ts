import { describe, expect, it } from "vitest";
import { lineChart, page, pngGrid } from "../src/index.ts";

const svg = lineChart({ title: "ü", x: { name: "x" }, y: { name: "y" }, series: [{ name: "a", points: [[0, 1]] }] });
const png = pngGrid({
  shape: [200, 200, 1],
  values: Float32Array.from({ length: 40_000 }, (_, i) => ((i * i) % 7919) / 7919),
});

const html = page({
  title: "A <model>",
  lead: "Tom & Jerry's",
  sections: [
    { title: "Figures", blocks: [{ kind: "table", head: ["name", "value"], rows: [["<b>", "1.5"]], numeric: [1] }] },
    {
      title: "Pictures",
      blocks: [
        { kind: "paragraph", text: "<script>alert(1)</script>" },
        { kind: "picture", picture: svg, alt: `a "line"`, caption: "one" },
        { kind: "picture", picture: png, alt: "noise" },
        { kind: "details", summary: "more", text: "</pre><img src=x onerror=alert(1)>" },
      ],
    },
  ],
});

describe("page", () => {
  it("fetches nothing and runs nothing", () => {
    expect(html).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
    expect(html).not.toMatch(/<script|<link|<iframe|<object|@import|url\(/);
    for (const [, source] of html.matchAll(/\bsrc="([^"]*)"/g)) expect(source).toMatch(/^data:image\//);
    for (const [, target] of html.matchAll(/\bhref="([^"]*)"/g)) expect(target).toMatch(/^#s\d+$/);
  });

  it("keeps text text", () => {
    expect(html).toContain("<title>A &lt;model&gt;</title>");
    expect(html).toContain("Tom &amp; Jerry&#39;s");
    expect(html).toContain("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");
    expect(html).toContain('alt="a &quot;line&quot;"');
    expect([...html.matchAll(/<img /g)]).toHaveLength(2);
  });

  it("holds its pictures to the last byte", () => {
    const [drawing, image] = [...html.matchAll(/src="data:([^;]*);base64,([^"]*)"/g)];
    expect([drawing![1], image![1]]).toEqual(["image/svg+xml", "image/png"]);
    expect(Buffer.from(drawing![2]!, "base64").toString("utf8")).toBe(svg);
    expect(Buffer.from(image![2]!, "base64").equals(png)).toBe(true);
    // The second picture is longer than one piece of the encoder.
    expect(png.length).toBeGreaterThan(0x8000);
  });

  it("links to its sections and says what heads a column or a row", () => {
    const targets = [...html.matchAll(/href="#(s\d+)"/g)].map(([, id]) => id);
    expect(targets).toEqual(["s1", "s2"]);
    for (const id of targets) expect(html).toContain(`<h2 id="${id}">`);
    expect(html).toContain('<th scope="col" class="number">value</th>');
    expect(html).toContain('<th scope="row">&lt;b&gt;</th><td class="number">1.5</td>');
  });

  it("refuses a picture that says nothing, and a row that does not fit", () => {
    const of = (block: Parameters<typeof page>[0]["sections"][0]["blocks"][0]) => () =>
      page({ title: "t", sections: [{ title: "s", blocks: [block] }] });
    expect(of({ kind: "picture", picture: svg, alt: " " })).toThrow(/"alt" expected words/);
    expect(of({ kind: "table", head: ["a", "b"], rows: [["1"]] })).toThrow(/"rows" expected 2 cells, got 1/);
  });
});
