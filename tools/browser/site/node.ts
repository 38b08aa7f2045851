import { answer } from "./answer.ts";
import { type Task, train } from "./train.ts";

const task = JSON.parse(process.argv[2]!) as Task;
process.stdout.write(JSON.stringify(await answer(() => train(task))), () => process.exit());
