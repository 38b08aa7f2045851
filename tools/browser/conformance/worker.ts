import type { EngineName } from "@isthmus/backend";
import { answer } from "../site/answer.ts";
import { conform } from "./suite.ts";

addEventListener("message", ({ data }: MessageEvent<EngineName>) => {
  void answer(() => conform(data)).then((told) => postMessage(told));
});
