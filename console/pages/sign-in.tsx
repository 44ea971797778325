import { useState } from 'preact/hooks';
import { orders, read } from '../api/client';
import { parseCredential } from '../api/credential';
import { toProblem, type ApiProblem } from '../api/problem';
import { keepCredential } from '../api/session';
import { textOf } from '../parts/form-text';
import { Page } from '../parts/page';
import { ProblemNote } from '../parts/problem-note';

/** Asks for an API key or a token, and checks it. */
export function SignInPage({ onSignedIn }: { onSignedIn: () => void }) {
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isBusy, setBusy] = useState(false);

  const signIn = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const credential = parseCredential(textOf(new FormData(event.target as HTMLFormElement), 'credential'));
      await read(orders.GET('/orderManagement/me', { headers: { Authorization: `Bearer ${credential}` } }));
      keepCredential(credential);
      onSignedIn();
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Page title="Sign in">
      <form class="panel narrow" onSubmit={(event) => void signIn(event)}>
        <label>
          API key or token
          <input name="credential" type="password" autocomplete="off" spellcheck={false} required />
        </label>
        <p class="muted">
          This tab keeps it until you sign out or do not use the tab for an hour. Sign out before you close the tab: the
          browser can restore a closed tab.
        </p>
        {problem && <ProblemNote problem={problem} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={isBusy}>
            Sign in
          </button>
        </div>
      </form>
    </Page>
  );
}
