/** What the build makes of a kernel: its WASM in base64, so that it is wherever the script is. */
declare module '*/dist/kernels/split.mjs' {
  const encoded: string;
  export default encoded;
}
