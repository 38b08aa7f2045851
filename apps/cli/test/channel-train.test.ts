import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { sharedFolder, temporaryFolder } from "./support/folder.ts";

const shared = await sharedFolder();
/** A second or two: two messages of two bits each. */
const SMALL = ["--k", "2", "--n", "2", "--steps", "300", "--batch", "256", "--lr", "0.004"];

describe("channel train", () => {
  it("keeps the better of two starts, and says what each came to", async () => {
    const out = join(shared, "link.safetensors");
    const json = await report("channel", "train", ...SMALL, "--steps", "1500", "--restarts", "2", "-o", out);
    const rates = json.restarts.map(({ bler }: { readonly bler: number }) => bler);
    expect(rates[json.chosen]).toBe(Math.min(...rates));
    expect(json).toMatchObject({ model: "channel-ae", link: { k: 2, n: 2, complex: false }, steps: 1500 });
    const { metrics, config } = await report("inspect", out);
    expect(metrics.chosen.bler).toBe(rates[json.chosen]);
    expect(metrics.history).toHaveLength(15);
    // 2.75 dB above the Shannon limit of one bit a use, 1.76 dB, to half a decibel.
    expect(config.trainEbNoDb).toBe(4.5);
  });

  it("is measured by both its receivers, above the bound that QPSK meets", async () => {
    const path = join(shared, "link.safetensors");
    const few = ["--ebno", "0,4", "--target-errors", "2000", "--baselines", "qpsk"];
    const { simulated, known } = await report("channel", "simulate", path, ...few);
    expect(simulated.map(({ name }: { readonly name: string }) => name)).toEqual([
      "link, its network",
      "link, maximum likelihood",
    ]);
    expect(known.map(({ name }: { readonly name: string }) => name)).toEqual(["QPSK", "sphere packing (2,2)"]);
    // 2,000 errors have a relative standard deviation of 2.2 %; no receiver is better than maximum likelihood, no code than QPSK.
    const [network, best] = simulated.map((curve: any) => curve.points.map(({ bler }: any) => bler));
    [0, 1].forEach((at) => {
      expect(network[at] / best[at]).toBeGreaterThan(0.9);
      expect(best[at] / known[0].rates[at]).toBeGreaterThan(0.9);
      expect(network[at] / known[0].rates[at]).toBeLessThan(1.3);
    });
  });

  it("says how it goes: on a terminal a line of loss, bits, speed and what is left", async () => {
    const here = await temporaryFolder();
    let lines = "";
    const args = ["channel", "train", ...SMALL, "--restarts", "2", "-o", join(here, "a.safetensors")];
    const { code } = await isthmus(args, { columns: 200, onStderr: (text) => (lines += text) });
    expect(code).toBe(0);
    expect(lines).toMatch(
      /start 1\/2 {2}\[#*-*\] \d+ % {2}loss \d\.\d{4} nats, I\(S;Y\) >= -?\d\.\d{3} of 2 bits {2}[\d,]+ steps\/s {2}ETA/,
    );
    expect(lines).toMatch(/start 2\/2 {2}seed 2: BLER \d\.\d{3}e-\d, \d\.\d{4} bits on the noise of the choice/);
  });

  it("goes on after it was stopped, to the same bytes", async () => {
    const here = await temporaryFolder();
    const [whole, parts] = [join(here, "whole.safetensors"), join(here, "parts.safetensors")];
    const args = (out: string) => ["channel", "train", ...SMALL, "--restarts", "2", "--seed", "5", "-o", out];
    await report(...args(whole));
    const stop = new AbortController();
    const { Interrupted } = await import("../src/errors.ts");
    const onStderr = (text: string) =>
      text.includes("start 2/2  step 200") ? stop.abort(new Interrupted("stopped")) : undefined;
    const stopped = await isthmus(args(parts), { signal: stop.signal, onStderr });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/isthmus: stopped; --resume goes on from the last checkpoint\n$/);
    await report(...args(parts), "--resume");
    expect((await readFile(parts)).equals(await readFile(whole))).toBe(true);
    expect(await complaint(...args(parts), "--resume", "--batch", "128")).toMatch(/CHECKPOINT_MISMATCH/);
    for (const start of ["", "-2"]) await rm(join(here, `parts.checkpoint${start}.safetensors`));
    expect(await complaint(...args(parts), "--resume")).toMatch(/^--resume: there is no checkpoint/);
  });

  /** The path of a film of a small training. */
  async function filmed(name: string): Promise<string> {
    const here = await temporaryFolder();
    const film = join(here, name);
    const { animation } = await report(
      ...["channel", "train", ...SMALL, "--animation", film, "-o", join(here, "a.safetensors")],
    );
    expect(animation).toBe(film);
    return film;
  }

  it("films a codebook on its way", async () => {
    const drawing = await readFile(await filmed("film.svg"), "utf8");
    expect(drawing.match(/<circle /g)).toHaveLength(4);
    expect(drawing).toMatch(/>step 100, -?\d\.\d{3} of 2 bits<animate[^]*>step 300, /);
  });

  it("does not film into the model's own file, and says when nothing is left to be filmed", async () => {
    const here = await temporaryFolder();
    const [film, out] = [join(here, "film.svg"), join(here, "a.safetensors")];
    expect(await complaint("channel", "train", ...SMALL, "--animation", film, "-o", film)).toBe(
      "--animation and --out go to the same file",
    );
    await report("channel", "train", ...SMALL, "-o", out);
    const { stdout } = await isthmus(["channel", "train", ...SMALL, "--resume", "--animation", film, "-o", out]);
    expect(stdout).toContain("no animation: the start that was chosen had come to its end before this run\n");
  });

  it("films it as a picture that moves, for what shows no drawings", async () => {
    const bytes = await readFile(await filmed("film.apng"));
    const still = decode(bytes);
    // Twice the drawing's 546 x 572 pixels; a white edge.
    expect([still.width, still.height, ...still.data.subarray(0, 4)]).toEqual([1092, 1144, 255, 255, 255, 255]);
    // 8 seconds of 12 frames, and the last: a chunk before the picture says so.
    const control = bytes.indexOf("acTL");
    expect(control).toBeLessThan(bytes.indexOf("IDAT"));
    expect(bytes.readUInt32BE(control + 4)).toBe(97);
  });

  it("learns over channels that fade, and is measured over them", async () => {
    const here = await temporaryFolder();
    const out = join(here, "taps.safetensors");
    const words = ["--complex", "--channel", "multi-tap:taps=2", "--equaliser", "2", "--state", "--train-ebno", "12"];
    await report(
      "channel",
      "train",
      "--k",
      "2",
      "--n",
      "3",
      "--steps",
      "300",
      "--batch",
      "256",
      "--lr",
      "0.004",
      ...words,
      "-o",
      out,
    );
    const { config } = await report("inspect", out);
    expect(config.channel).toEqual({ kind: "chain", channels: [{ kind: "multiTap", taps: 2 }, { kind: "awgn" }] });
    expect(config.decoder.equaliser.taps).toBe(2);
    const counts = join(here, "counts.json");
    const args = ["channel", "simulate", out, "--ebno", "12", "--target-errors", "1000000"];
    const half = await report(...args, "--max-blocks", "100000", "--resume", counts);
    const all = await report(...args, "--max-blocks", "200000", "--resume", counts);
    const once = await report(...args, "--max-blocks", "200000");
    // The network over its own channel, and its points with the best receiver that is told the same.
    const [network, best] = once.simulated.map(({ points }: any) => points[0].bler);
    expect(best).toBeLessThan(network);
    const countsOf = ({ simulated }: any) => [simulated[0].points[0].blocks, simulated[0].points[0].blockErrors];
    expect(countsOf(all)).toEqual(countsOf(once));
    expect(countsOf(half)[0]).toBe(2 ** 17);
    expect(all.channel).toBe("its own channel (2 fading taps per block, known to the receiver)");
    const { simulated } = await report(...args, "--max-blocks", "4000", "--baselines", "dbpsk-2");
    expect(simulated.map(({ name }: any) => name)).toEqual([
      "taps, its network",
      "taps, maximum likelihood",
      "differential uncoded (2,2), differential detection",
    ]);
    expect(await complaint(...args, "--baselines", "hamming")).toMatch(/expected a system of complex uses$/);
    expect(await complaint(...args, "--unknown")).toMatch(/^--unknown goes with --channel/);
  });

  it("over a channel that nothing else is simulated over, it is measured alone", async () => {
    const out = join(await temporaryFolder(), "burst.safetensors");
    const size = ["--k", "2", "--n", "3", "--steps", "100", "--batch", "64"];
    await report("channel", "train", ...size, "--channel", "burst:probability=0.2,length=2,ratio=10", "-o", out);
    const args = ["channel", "simulate", out, "--ebno", "6", "--target-errors", "100"];
    const { channel, simulated } = await report(...args);
    expect(channel).toBe("its own channel (burst)");
    expect(simulated).toHaveLength(1);
    expect(await complaint(...args, "--baselines", "uncoded")).toMatch(/^--baselines: the model has a channel of its/);
  });

  it.each([
    [["--channel", "foo"], /expected awgn, impulsive/],
    [["--channel", "multi-tap:taps"], /expected name=value such as taps=3, got taps/],
    [["--channel", "multi-tap:taps=3"], /"channel" of kind multiTap expected complex uses/],
    [["--channel", "own:name=a"], /expected awgn, impulsive/],
    [["--zero-mean"], /^--zero-mean goes with --normalize average or per-use only$/],
    [["--levels", "4"], /^--levels goes with --normalize amplitude only$/],
    [["--train-ebno", "8:4"], /expected decibels such as 3, or a range such as 4:8/],
    [["--steps", "150"], /^--steps expected a multiple of 100, got 150$/],
    [["--equaliser", "3"], /"decoder.equaliser" expected complex uses/],
    [["--state"], /"decoder.state" expected a channel with a state/],
    [["--animation", "a.gif"], /^--animation expected a name ending in .svg, .png, .apng, got a.gif$/],
    [["--k", "13"], /expected a whole number of at most 12/],
  ])("%j is refused", async (words, message) => {
    expect(await complaint("channel", "train", ...SMALL, ...words, "-o", join(shared, "none.safetensors"))).toMatch(
      message,
    );
  });

  it("is a model of its own kind: commands for autoencoders of data say so", async () => {
    const path = join(shared, "link.safetensors");
    for (const words of [
      ["eval", path],
      ["export", path, "--part", "decoder", "-o", join(shared, "x.onnx")],
    ])
      expect(await complaint(...words)).toMatch(/link\.safetensors is a communication link; isthmus channel --help/);
  });
});
