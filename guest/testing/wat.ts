/** Test modules in WebAssembly's text format. */
import binaryen from 'assemblyscript/binaryen';

export function wat(text: string): WebAssembly.Module {
  const module = binaryen.parseText(text);
  try {
    module.setFeatures(binaryen.Features.All);
    return new WebAssembly.Module(module.emitBinary() as Uint8Array<ArrayBuffer>);
  } finally {
    module.dispose();
  }
}
