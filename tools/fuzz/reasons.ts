/** Why hostile inputs do not reach a branch: every one that is missed must be here. */
interface Reason {
  readonly file: string;
  /** Functions. */
  readonly inside: readonly string[];
  /** As the branch begins; left out: all in these functions. */
  readonly text?: string;
  readonly why: string;
}

const WRITER = "a writer's or a fitter's: no bytes from outside come here";
const ASKED = "asked for by who holds the symbols or a file, not on the way of reading";
const LARGE = "only inputs larger than these reach it";
const TYPED = "numbers of an int32 array are never that";

export const REASONS: readonly Reason[] = [
  { file: "bits-back-stream", inside: ["suitableBits"], why: WRITER },
  { file: "bits-back-tables", inside: ["checkOnes"], text: 'throw invalidTable("pixels.firstLogit"', why: TYPED },
  { file: "scaled-cdf", inside: ["checkScaledCdf"], text: "throw invalidTable(`${name}.firstScale`", why: TYPED },
  { file: "fragments", inside: ["finish"], why: `${LARGE}: 64 messages that are over` },
  { file: "fragments", inside: ["drop"], why: "what is dropped is pending: this side of ?? is for the type" },
  {
    file: "fragments",
    inside: ["add"],
    text: "return 0;",
    why: "a packet that came before is known by its sequence, and does not get here",
  },
  { file: "frame", inside: ["checkFrame"], text: '"learned"', why: WRITER },
  { file: "frame", inside: ["closeFrame", "mostFrameBytes"], why: WRITER },
  { file: "frequency-table", inside: ["frequencyTable"], why: "unpacking refuses such a table before" },
  { file: "frequency-table", inside: ["seen", "smaller", "byWeight", "apportion", "order"], why: WRITER },
  {
    file: "inflate",
    inside: ["copyMatch"],
    text: 'throw broken(reader, "a distance that does',
    why: "no code has more than 30 distances: such a word has no symbol, which is refused before",
  },
  { file: "inflate", inside: ["inflating"], text: "{ makeRoom(out); yield;", why: `${LARGE}: 192 KiB inflated` },
  { file: "inflate", inside: ["isFull"], text: "at > bytes.length", why: `${LARGE}: 192 KiB inflated` },
  {
    file: "latent-payload",
    inside: ["width"],
    why: "a payload without a byte holds no items, which is refused before",
  },
  { file: "latent-stream", inside: ["parts"], why: WRITER },
  { file: "rans", inside: ["codeLengthBits", "inside"], why: ASKED },
  {
    file: "session",
    inside: ["completed"],
    text: "throw noHello(",
    why: "packets of a session without its hello are refused before: this is for the type",
  },
  { file: "session", inside: ["has", "add"], why: `${LARGE}: more packets than the window of 1,024` },
  { file: "lossless-file", inside: ["isLosslessFile"], why: ASKED },
  { file: "tiles", inside: ["cutTiles", "copyPart", "requireTiles", "tileBatches"], why: WRITER },
];
