import { type Finding, lacking } from "./reason.ts";

export interface WebglFound {
  /** What the driver calls itself, where it does not keep it to itself. */
  readonly renderer?: string;
  /** The processor draws in a graphics card's place. */
  readonly software?: boolean;
}

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Whether WebGL 2 is there, and what draws. */
export function webgl2(): Finding & WebglFound {
  const canvas = newCanvas();
  if (!canvas) return lacking("WEBGL_NO_CANVAS", "WebGL needs a canvas, which browsers have and this runtime has not");
  const gl = canvas.getContext("webgl2") as WebGL2RenderingContext | null;
  if (!gl)
    return lacking(
      "WEBGL_NO_CONTEXT",
      "this browser gives no WebGL 2 context: it is switched off, or no driver is there",
    );
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  // Browsers keep a few contexts only and take the oldest away.
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return { available: true, renderer, software: SOFTWARE.test(renderer) };
}

function newCanvas(): OffscreenCanvas | HTMLCanvasElement | undefined {
  if (typeof OffscreenCanvas === "function") return new OffscreenCanvas(1, 1);
  return typeof document === "object" ? document.createElement("canvas") : undefined;
}
