import { answer } from "./answer.ts";
import { type EngineName, train } from "./train.ts";

addEventListener("message", async ({ data }: MessageEvent<EngineName>) => {
  postMessage(await answer(() => train(data)));
});
