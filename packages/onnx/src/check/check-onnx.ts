import { decodeModel } from "../decode.ts";
import { MOST_BYTES } from "../file-limit.ts";
import { invalid } from "../invalid.ts";
import { checkNames } from "./names.ts";
import { checkTensors } from "./tensors.ts";
import { inferTypes } from "./types.ts";
import { checkVersions } from "./versions.ts";

/**
 * Checks what runtimes let pass or only find while they run: an operator set and an IR version that go together, unique
 * names, nodes after what they read, operators with inputs and attributes as ONNX has them, initialisers as long as their
 * shape says, types and shapes that follow from the inputs and are what is declared. It knows operator sets 13 to 21 and
 * the operators that this package writes or reads; others are refused by name. Time and memory are bounded by the length
 * of the file.
 *
 * @throws IsthmusError `ONNX_INVALID`, naming the node or the value
 */
export function checkOnnx(bytes: Uint8Array): void {
  const model = decodeModel(bytes);
  if (bytes.length > MOST_BYTES) throw invalid(`the file has ${bytes.length} bytes; a reader takes ${MOST_BYTES}`);
  const opset = checkVersions(model);
  checkNames(model.graph);
  checkTensors(model.graph.initialisers);
  inferTypes(model.graph, opset);
}
