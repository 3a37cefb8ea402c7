/**
 * Types that TypeBox computes of schemas, written out: who reads the client's declarations needs no TypeBox then, whose own take a compiler
 * ten seconds to check.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Declarations that speak of a package, by any of the ways in which they can. */
const PACKAGE = /(?:\bfrom|\bimport)\s*\(?\s*['"](?![./])([^'"]+)['"]/;

/**
 * Rewrites the declarations in `files` that name a package: their exported types stay, with what they say, and their values go. Throws where
 * a package is named even then.
 * @param {object} ts the compiler
 * @param {string} root
 * @param {string} outDir where the declarations of `root`'s folders are
 * @param {readonly string[]} files absolute paths of declarations
 */
export function writeOutTypes(ts, root, outDir, files) {
  for (const file of files.filter((path) => path.endsWith('.d.ts'))) {
    if (!PACKAGE.test(readFileSync(file, 'utf8'))) continue;
    const source = join(root, relative(outDir, file).replace(/\.d\.ts$/, '.ts'));
    const plain = exportedTypes(ts, root, source);
    const named = PACKAGE.exec(plain);
    if (named) throw new Error(`${relative(root, source)}: its types cannot be said without ${named[1]}`);
    writeFileSync(file, plain);
  }
}

function exportedTypes(ts, root, source) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram([source], { ...options, types: [], noEmit: true });
  const checker = program.getTypeChecker();
  const { NoTruncation, InTypeAlias } = ts.TypeFormatFlags;
  const file = program.getSourceFile(source);
  return file.statements
    .filter((node) => ts.isTypeAliasDeclaration(node) && ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export)
    .map((node) => {
      const said = file.text.slice(node.getFullStart(), node.getStart()).trimStart();
      const type = checker.getTypeAtLocation(node.name);
      const text = checker.typeToString(type, undefined, NoTruncation | InTypeAlias);
      return `${said}export type ${node.name.text} = ${text};\n`;
    })
    .join('');
}
