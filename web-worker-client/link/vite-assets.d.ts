/** Vite turns this import into the hashed address of the file. */
declare module '*?url' {
  const url: string;
  export default url;
}
