/** Who may import whom: design, section 2. `npm run layers` checks it; CONTRIBUTING.md says it in words. */
const TEST = '(\\.test\\.tsx?$|/testing/)';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle means that two files are one thing, or that one of them holds two.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-unresolved',
      comment: 'Guests in AssemblyScript import their SDK by the name that the compiler knows.',
      severity: 'error',
      from: { pathNot: '^examples/.*\\.as\\.ts$' },
      to: { couldNotResolve: true, pathNot: '\\?(url|worker|raw|inline)|^virtual:' },
    },
    {
      name: 'shared-imports-no-folder',
      severity: 'error',
      from: { path: '^shared/' },
      to: { pathNot: '^(shared/|node_modules/)', dependencyTypesNot: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'shared-without-node',
      comment: 'shared/ runs in tabs and in Node: no DOM, no Node, no I/O.',
      severity: 'error',
      from: { path: '^shared/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-imports-shared-and-itself',
      comment: 'The cores are pure state machines that a simulator drives.',
      severity: 'error',
      from: { path: '^(coordinator|web-worker-client)/core/', pathNot: TEST },
      to: { pathNot: '^(shared/|$1/core/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-types-of-no-other-folder',
      severity: 'error',
      from: { path: '^(coordinator|web-worker-client)/core/', pathNot: TEST },
      to: { pathNot: '^(shared/|$1/core/|node_modules/)' },
    },
    {
      name: 'coordinator-not-to-tab',
      severity: 'error',
      from: { path: '^coordinator/', pathNot: '^coordinator/sim/' },
      to: { path: '^web-worker-client/' },
    },
    {
      name: 'tab-not-to-coordinator',
      severity: 'error',
      from: { path: '^web-worker-client/' },
      to: { path: '^coordinator/' },
    },
    {
      name: 'sim-only-to-cores',
      comment: 'The simulator may import both cores, and nothing else of the tab.',
      severity: 'error',
      from: { path: '^coordinator/sim/' },
      to: { path: '^web-worker-client/', pathNot: '^web-worker-client/core/' },
    },
    {
      name: 'wasi-imports-shared-only',
      comment: 'One WASI host for guests of both ABIs: it knows neither.',
      severity: 'error',
      from: { path: '^web-worker-client/wasi/', pathNot: TEST },
      to: { pathNot: '^(shared|web-worker-client/wasi)/' },
    },
    {
      name: 'guest-code-imports-its-sdk-only',
      comment: 'What is compiled to WASM: the SDK imports nothing, examples and templates the SDK.',
      severity: 'error',
      from: { path: '^guest/assemblyscript/', pathNot: TEST },
      to: { pathNot: '^guest/assemblyscript/index\\.ts$' },
    },
    {
      name: 'guest-tests-use-hosts-and-shared',
      comment: "Tests of guests open them with the tab's hosts; nothing of them needs a grid.",
      severity: 'error',
      from: { path: '^guest/' },
      to: {
        pathNot: '^(guest/|shared/|web-worker-client/guest(-stream|-script)?/|node_modules/)',
        dependencyTypesNot: ['core', 'npm', 'npm-dev'],
      },
    },
    {
      name: 'guests-only-in-tests',
      comment: 'Languages, templates and examples are for authors; the grid gets modules as bytes.',
      severity: 'error',
      from: { path: '^(shared|coordinator|web-worker-client|client|demo-site)/', pathNot: TEST },
      to: { path: '^guest/' },
    },
    {
      name: 'client-uses-shared-only',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^(coordinator|web-worker-client|demo-site|bench|playwright)/' },
    },
    {
      name: 'pages-use-public-faces',
      severity: 'error',
      from: { path: '^demo-site/', pathNot: TEST },
      to: { path: '^(coordinator|bench|playwright)/|^web-worker-client/(?!join-grid\\.ts)' },
    },
    {
      name: 'examples-use-shared-and-client',
      comment: 'Lessons run them in pages, tests in Node.',
      severity: 'error',
      from: { path: '^examples/', pathNot: TEST },
      to: { pathNot: '^(shared|client|examples)/', dependencyTypesNot: ['unknown', 'undetermined'] },
    },
    {
      name: 'examples-are-not-for-the-house',
      severity: 'error',
      from: { path: '^(shared|client|coordinator|web-worker-client)/' },
      to: { path: '^examples/' },
    },
    {
      name: 'client-library-only-in-the-command-line',
      comment: 'The coordinator does not talk to itself over REST; the command line is an author like any other.',
      severity: 'error',
      from: { path: '^coordinator/', pathNot: '^coordinator/cli/|\\.test\\.ts$' },
      to: { path: '^client/' },
    },
    {
      name: 'command-line-on-top',
      severity: 'error',
      from: { path: '^coordinator/', pathNot: '^coordinator/(cli/|main\\.ts)' },
      to: { path: '^coordinator/(cli/|main\\.ts)' },
    },
    {
      name: 'tests-are-leaves',
      severity: 'error',
      from: { pathNot: `${TEST}|^(playwright|bench|coordinator/sim)/` },
      to: { path: `${TEST}|^(playwright|bench)/` },
    },
    {
      name: 'no-development-dependency-at-run-time',
      severity: 'error',
      from: {
        path: '^(shared|coordinator|web-worker-client|client|demo-site)/',
        pathNot: `${TEST}|^coordinator/sim/|vite\\.config`,
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The template is for a folder of an author's, where the SDK lies beside it.
    exclude: { path: '(^|/)(dist|node_modules/\\.cache)/|^guest/assemblyscript/template/module\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'browser', 'node', 'default', 'types'] },
    reporterOptions: { text: { highlightFocused: true } },
  },
};
