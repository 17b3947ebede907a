/**
 * The examples of all messages are what src/protocol.ts says.
 *
 * @jest-environment node
 */
import * as ts from 'typescript';

import examples from '../../fixtures/messages.json';

/** Where jest is run. */
const SRC = `${ts.sys.getCurrentDirectory()}/src`;
const PROTOCOL = `${SRC}/protocol.ts`;
const EXAMPLES: Record<string, unknown[]> = examples;
/** Types that have another name in Python. */
const NAMES: Record<string, string> = { Error: 'Failure' };

/** Compile texts as if they lay beside the protocol; give what is wrong with each. */
function errorsOf(...sources: string[]): string[][] {
  const texts = new Map(sources.map((source, i) => [`${SRC}/examples${i}.ts`, IMPORT + source]));
  const options: ts.CompilerOptions = {
    lib: ['lib.es2022.d.ts'],
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    types: []
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = name => texts.has(name) || fileExists(name);
  host.getSourceFile = (name, ...rest) => {
    const text = texts.get(name);
    return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, ts.ScriptTarget.ES2022);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].map(name =>
    program
      .getSemanticDiagnostics(program.getSourceFile(name))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
  );
}

const IMPORT = "import * as protocol from './protocol';\n";

function declare(type: string, example: unknown): string {
  return `{ const x: protocol.${type} = ${JSON.stringify(example)}; void x; }\n`;
}

/** The interfaces of the protocol: their names, and their optional keys. */
function interfaces(): Map<string, string[]> {
  const source = ts.createSourceFile(PROTOCOL, ts.sys.readFile(PROTOCOL) ?? '', ts.ScriptTarget.ES2022, true);
  return new Map(
    source.statements
      .filter(ts.isInterfaceDeclaration)
      .map(each => [
        each.name.text,
        each.members.filter(member => member.questionToken).map(member => member.name?.getText(source) ?? '')
      ])
  );
}

/** All examples of a type. */
function examplesOf(type: string): Record<string, unknown>[] {
  const name = Object.keys(NAMES).find(each => NAMES[each] === type) ?? type;
  return (EXAMPLES[name] ?? []) as Record<string, unknown>[];
}

test('every example is what its type says, and what is not is found', () => {
  const declared = Object.entries(EXAMPLES).flatMap(([name, each]) =>
    each.map(example => declare(NAMES[name] ?? name, example))
  );
  expect(declared.length).toBeGreaterThan(40);
  const wrong = [{ type: 'default', name: 'etl', nam: '' }, { type: 'default' }, { type: 'default', name: 1 }];
  const [found, ...foundWrong] = errorsOf(declared.join(''), ...wrong.map(example => declare('Default', example)));
  expect(found).toEqual([]);
  expect(foundWrong.map(errors => errors.length)).toEqual([1, 1, 1]);
});

test('every type has examples, with and without each optional key', () => {
  const types = interfaces();
  types.delete('Recorded'); // a part of others
  expect(types.size).toBeGreaterThan(20);
  for (const [type, optional] of types) {
    const examples = examplesOf(type);
    expect([type, examples.length]).not.toEqual([type, 0]);
    for (const key of optional) {
      const present = examples.filter(example => key in example).length;
      expect([type, key, present > 0, present < examples.length]).toEqual([type, key, true, true]);
    }
  }
});
