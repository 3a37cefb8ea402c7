/** A box for source: line numbers, and the compiler's words at their lines. */
import { useRef } from 'preact/hooks';
import type { SourceDiagnostic } from '../../../client/index.ts';
import { INDENT, newLine, offsetOf } from './editing.ts';

export interface SourceEditorProps {
  readonly value: string;
  readonly diagnostics: readonly SourceDiagnostic[];
  readonly label: string;
  onValue(value: string): void;
  onRun(): void;
}

/** Types `text` where the caret is, so that the browser can undo it. */
function type(box: HTMLTextAreaElement, text: string): void {
  // The only way that undo knows of; a browser without it still gets the text.
  if (document.execCommand('insertText', false, text)) return;
  box.setRangeText(text, box.selectionStart, box.selectionEnd, 'end');
  box.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

export function SourceEditor({ value, diagnostics, label, onValue, onRun }: SourceEditorProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  // Escape, then Tab: leaves the box, as people without a mouse need.
  const leaving = useRef(false);
  const count = value.split('\n').length;
  const bad = new Set(diagnostics.map(({ line }) => line));
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }): void => {
    const { currentTarget: at } = event;
    const leaves = leaving.current;
    leaving.current = event.key === 'Escape';
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onRun();
      return;
    }
    const tab = event.key === 'Tab' && !event.shiftKey && !leaves;
    if (!tab && (event.key !== 'Enter' || event.isComposing)) return;
    event.preventDefault();
    type(at, tab ? INDENT : newLine(at.value, at.selectionStart));
  };
  const goTo = ({ line = 1, column = 1 }: SourceDiagnostic): void => {
    const at = offsetOf(value, line, column);
    box.current?.focus();
    box.current?.setSelectionRange(at, at);
  };
  return (
    <div class="source">
      <div class="source-box">
        <div class="gutter mono" aria-hidden="true" ref={gutter}>
          {Array.from({ length: count }, (_, i) => (
            <span key={i} class={bad.has(i + 1) ? 'bad-line' : ''}>
              {i + 1}
            </span>
          ))}
        </div>
        <textarea
          ref={box}
          data-test="source"
          class="mono source-text"
          aria-label={label}
          aria-describedby="source-keys"
          rows={16}
          wrap="off"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
          onScroll={(event) => {
            if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      {diagnostics.length > 0 && (
        <ol class="diagnostics" data-test="diagnostics" aria-live="polite">
          {diagnostics.map((diagnostic, i) => (
            <li key={i} class={diagnostic.severity}>
              <Diagnostic diagnostic={diagnostic} source={value} onGo={() => goTo(diagnostic)} />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function Diagnostic({ diagnostic, source, onGo }: { diagnostic: SourceDiagnostic; source: string; onGo: () => void }) {
  const { line = 1, column = 1, endLine = line, endColumn = column + 1, message } = diagnostic;
  const text = source.split('\n')[line - 1] ?? '';
  const wide = Math.max(1, Math.min(endLine === line ? endColumn - column : text.length, text.length - column + 1));
  return (
    <button type="button" onClick={onGo} title="Go there">
      <span class="where">
        line {line}, column {column}
      </span>
      <span class="message">{message}</span>
      <code class="line">
        {text.slice(0, column - 1)}
        <mark>{text.slice(column - 1, column - 1 + wide) || ' '}</mark>
        {text.slice(column - 1 + wide)}
      </code>
    </button>
  );
}
