/** What the build makes of the relay's kernel: its WASM in base64. */
declare module '*/dist/kernels/relay.mjs' {
  const encoded: string;
  export default encoded;
}
