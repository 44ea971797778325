import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { toProblem, type ApiProblem } from '../api/problem';
import { ProblemNote } from './problem-note';

interface DialogProps {
  title: string;
  /** What will happen. */
  children: ComponentChildren;
  /** The words of the button that acts. */
  action: string;
  /** What happens if the reader presses the button again because no answer came. */
  ifRepeated: string;
  /** Whether the action cannot be undone. */
  isDangerous?: boolean;
  /** Acts. The dialog closes when it succeeds, and shows the problem if it fails. */
  onConfirm: (form: FormData) => Promise<void>;
  onClose: () => void;
}

/**
 * Asks before an action, and says what it will do. It stays open until the answer arrives or the time limit of requests ends:
 * the reader would not see a failure otherwise.
 */
export function Dialog({ title, children, action, ifRepeated, isDangerous = false, onConfirm, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  // The browser then returns the focus to the button that opened the dialog.
  const close = (): void => dialog.current?.close();

  const confirm = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      await onConfirm(new FormData(event.target as HTMLFormElement));
    } catch (error) {
      setBusy(false);
      setProblem(toProblem(error));
      return;
    }
    setBusy(false);
    close();
  };

  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={(event) => isBusy && event.preventDefault()}
      // Chromium closes a dialog on the second Escape even if `cancel` was prevented.
      onClose={() => (isBusy ? dialog.current?.showModal() : onClose())}
    >
      <form onSubmit={(event) => void confirm(event)}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        {problem && <ProblemNote problem={problem} ifRepeated={ifRepeated} />}
        <div class="actions">
          <button type="button" aria-disabled={isBusy} onClick={() => isBusy || close()}>
            Close
          </button>
          <button type="submit" class={isDangerous ? 'danger' : 'primary'} aria-disabled={isBusy}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
