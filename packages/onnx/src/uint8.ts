/** Numbers in [0, 1] that a file has as bytes: k stands for k / 255. */
import { type GraphWriter, int, type Value } from "./graph-writer.ts";
import { FLOAT, UINT8 } from "./data-types.ts";

const LARGEST = 255;

/** The numbers that bytes stand for. */
export function readUint8(writer: GraphWriter, bytes: Value): Value {
  const step = (role: string): Value =>
    writer.edge({ ...bytes, name: writer.unique(`${bytes.name}/${role}`), type: "f32" });
  const cast = step("number");
  writer.node("Cast", cast.name, [bytes], cast, { to: int(FLOAT) });
  const scaled = step("scaled");
  return writer.node("Div", scaled.name, [cast, scalar(writer, `${bytes.name}/largest`, LARGEST)], scaled);
}

/** The output `name`: the nearest bytes, those at the ends for numbers outside [0, 1]. */
export function writeUint8(writer: GraphWriter, numbers: Value, name: string): Value {
  const [low, high] = [scalar(writer, `${name}/smallest`, 0), scalar(writer, `${name}/largest`, LARGEST)];
  let value = numbers;
  const step = (role: string, opType: "Mul" | "Round" | "Clip", ...others: Value[]): void => {
    const made = writer.edge({ ...numbers, name: writer.unique(`${name}/${role}`) });
    value = writer.node(opType, made.name, [value, ...others], made);
  };
  step("scaled", "Mul", high);
  step("cut", "Clip", low, high);
  step("rounded", "Round");
  const output: Value = { ...numbers, name, type: "u8" };
  return writer.node("Cast", writer.unique(`${name}/bytes`), [value], output, { to: int(UINT8) });
}

function scalar(writer: GraphWriter, name: string, value: number): Value {
  return writer.floats(writer.unique(name), [], Float32Array.of(value));
}
