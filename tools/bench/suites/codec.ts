import { copies, rangeCoder, symbolCoder } from "../entries.ts";
import type { Case, Suite } from "../suite.ts";

const COUNT = 2 ** 18;
const CHANNELS = 16;

const cases = ["encode", "decode"].map((direction): Case => ({
  work: `${direction} ${COUNT} symbols`,
  bytes: 4 * COUNT,
  parameters: { count: COUNT, channels: CHANNELS, direction },
  check: { kind: "same", apart: 0 },
}));

export const codec: Suite = {
  name: "codec",
  title: "Coding symbols",
  intro:
    `${COUNT} symbols of ${CHANNELS} channels, bell-shaped and of growing width, coded by rANS under the table of each channel, and decoded. ` +
    "MB/s count a symbol as the four bytes of an int32. `copy` moves as many bytes. `@thi.ng/range-coder`, the one entropy coder " +
    "that npm lists, codes the same symbols as bytes under one table that it learns as it goes, so it does other work: it takes no table.",
  unit: { name: "MB/s", better: "more", of: ({ bytes }, ms) => bytes! / ms / 1e3 },
  cases,
  ours: [symbolCoder, ...copies],
  peers: { "thi.ng": [rangeCoder] },
  usual: ["thi.ng"],
  targets: cases.map(({ work }) => ({ work, ours: "isthmus-codec", peers: ["thing-range-coder"], atLeast: 1 })),
  measurement: 60,
};
