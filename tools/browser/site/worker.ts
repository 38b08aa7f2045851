import { answer } from "./answer.ts";
import { type Task, train } from "./train.ts";

addEventListener("message", ({ data }: MessageEvent<Task>) => {
  void answer(() => train(data)).then((told) => postMessage(told));
});
