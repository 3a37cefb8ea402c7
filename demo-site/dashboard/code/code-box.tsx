/** Your own function over a dataset: written here, compiled by the coordinator, run in the tabs. */
import type { ComponentChildren } from 'preact';
import { datasets } from '../live.ts';
import { busy, cancel, query } from '../query-model.ts';
import { compiling, diagnostics, draft, edit, missing, own, runCode, samples, setLanguage } from './code-model.ts';
import { type DraftField, defaultSchema, functionOf, OPERATIONS, type Operation } from './draft.ts';
import { functionsIn, type Language } from './reading.ts';
import { SourceEditor } from './source-editor.tsx';

const LANGUAGES: { readonly [L in Language]: string } = { assemblyscript: 'AssemblyScript', javascript: 'JavaScript' };
const EXPLAINED: { readonly [O in Operation]: string } = {
  map: 'one row out for each row in',
  filter: 'keeps some of the rows',
  flatMap: 'any number of rows out for each row in',
  mapPartitions: 'sees a whole partition, and its end',
};

function Field({
  name,
  label,
  wide,
  children,
}: {
  name?: DraftField;
  label: string;
  wide?: boolean;
  children: ComponentChildren;
}) {
  const problem = name !== undefined && missing.value?.field === name ? missing.value.why : undefined;
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child.
    <label class={wide === true ? 'field wide-field' : 'field'}>
      <span>{label}</span>
      {children}
      {problem !== undefined && (
        <span class="bad-text small" role="alert" data-test="missing">
          {problem}
        </span>
      )}
    </label>
  );
}

function Samples() {
  return (
    <p class="samples small">
      <span class="muted">Samples:</span>
      {samples.value.map(({ sample, ready }) => (
        <button
          key={sample.title}
          type="button"
          class="quiet small"
          data-test="sample"
          disabled={!ready}
          title={ready ? undefined : `Needs the dataset ${sample.needs.join(', ')}`}
          onClick={() => edit(sample.draft)}
        >
          {sample.title}
        </button>
      ))}
    </p>
  );
}

function From() {
  const { dataset } = draft.value;
  return (
    <Field label="Rows from">
      <select data-test="code-input" value={dataset} onChange={(event) => edit({ dataset: event.currentTarget.value })}>
        <option value="">a query</option>
        {datasets.value.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** Only where no dataset is chosen. */
function InputQuery() {
  const { dataset, inputSql } = draft.value;
  if (dataset !== '') return null;
  return (
    <Field name="inputSql" label="Query whose rows go in" wide>
      <textarea
        class="mono"
        rows={2}
        data-test="code-input-sql"
        spellcheck={false}
        value={inputSql}
        onInput={(event) => edit({ inputSql: event.currentTarget.value })}
      />
    </Field>
  );
}

function Work() {
  const now = draft.value;
  const names = functionsIn(now.language, now.source);
  return (
    <>
      <Field label="Operation">
        <select
          data-test="operation"
          value={now.operation}
          aria-description={EXPLAINED[now.operation]}
          onChange={(event) => edit({ operation: OPERATIONS.find((name) => name === event.currentTarget.value) ?? 'map' })}
        >
          {OPERATIONS.map((name) => (
            <option key={name} value={name} title={EXPLAINED[name]}>
              {name}: {EXPLAINED[name]}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Function">
        <select
          data-test="function"
          value={functionOf(now) ?? ''}
          disabled={names.length === 0}
          onChange={(event) => edit({ functionName: event.currentTarget.value })}
        >
          {names.length === 0 && <option value="">none yet</option>}
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </Field>
    </>
  );
}

function Out() {
  const now = draft.value;
  return (
    <>
      <Field name="schema" label="Columns that come out" wide>
        <input
          class="mono"
          data-test="schema"
          spellcheck={false}
          placeholder={defaultSchema(now) ?? (now.operation === 'filter' ? 'those of the input' : 'word VARCHAR, n BIGINT')}
          value={now.schema}
          onInput={(event) => edit({ schema: event.currentTarget.value })}
        />
      </Field>
      <Field label="Then ask (SQL over output; empty: all its rows)" wide>
        <textarea
          class="mono"
          rows={2}
          data-test="then"
          spellcheck={false}
          value={now.thenSql}
          onInput={(event) => edit({ thenSql: event.currentTarget.value })}
        />
      </Field>
    </>
  );
}

export function CodeBox() {
  const now = draft.value;
  const sourceMissing = missing.value?.field === 'source' ? missing.value.why : undefined;
  return (
    <form
      class="editor code-box"
      data-test="code-box"
      onSubmit={(event) => {
        event.preventDefault();
        void runCode();
      }}
    >
      <Samples />
      <fieldset class="languages">
        <legend class="visually-hidden">Language</legend>
        {(Object.keys(LANGUAGES) as Language[]).map((language) => (
          <label key={language} class="choice">
            <input
              type="radio"
              name="language"
              data-test={`language-${language}`}
              checked={now.language === language}
              onChange={() => setLanguage(language)}
            />
            {LANGUAGES[language]}
          </label>
        ))}
        <span class="muted small">
          {now.language === 'assemblyscript'
            ? 'compiled to WASM; TypeScript with the types of the machine'
            : 'runs in an interpreter inside WASM: easier, and many times slower'}
        </span>
      </fieldset>
      <SourceEditor
        label={`${LANGUAGES[now.language]} source`}
        value={now.source}
        diagnostics={diagnostics.value.filter(own)}
        onValue={(source) => edit({ source })}
        onRun={() => void runCode()}
      />
      {sourceMissing !== undefined && (
        <p class="bad-text" role="alert" data-test="missing">
          {sourceMissing}
        </p>
      )}
      <div class="fields">
        <From />
        <Work />
        <InputQuery />
        <Out />
      </div>
      <div class="editor-row">
        <button type="submit" class="primary" data-test="run-code" disabled={busy.value}>
          {compiling.value ? 'Compiling…' : 'Run'}
        </button>
        <button type="button" disabled={query.value.kind !== 'running'} onClick={() => void cancel()}>
          Cancel
        </button>
        <span class="muted small keys" id="source-keys">
          Ctrl + Enter runs · Esc, then Tab leaves the box
        </span>
      </div>
    </form>
  );
}
