/** Shown when the coordinator wants a token, or another one. */
import { useSignal } from '@preact/signals';
import { Notice } from '../ui/parts.tsx';
import { hasToken, refused, start } from './live.ts';

export function TokenGate() {
  const text = useSignal('');
  const problem = refused.value;
  if (problem === undefined) return null;
  return (
    <Notice tone="warn" title={problem.title}>
      <span>
        {hasToken()
          ? problem.detail
          : 'This dashboard needs an author’s token: open the link that the coordinator printed, or paste the token.'}
      </span>
      <form
        class="token-form"
        onSubmit={(event) => {
          event.preventDefault();
          start(text.value.trim());
        }}
      >
        <label for="token" class="visually-hidden">
          Token
        </label>
        <input
          id="token"
          data-test="token"
          type="password"
          autocomplete="off"
          required
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
        <button type="submit" class="primary">
          Use token
        </button>
      </form>
    </Notice>
  );
}
