import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Caller, ConsoleSettings, PaymentClient } from './api/client';

/** Who reads the console, and what it uses. */
export interface ConsoleContext {
  caller: Caller;
  settings: ConsoleSettings;
  payments: PaymentClient;
}

export const Context = createContext<ConsoleContext | null>(null);

/** Returns what the application has loaded before it showed a page. */
export function useConsole(): ConsoleContext {
  const context = useContext(Context);
  if (!context) throw new Error('The page was rendered outside of the application.');
  return context;
}
