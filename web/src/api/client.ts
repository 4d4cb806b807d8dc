// One way out of the app: every request goes through `ask`, which adds the CSRF token, turns error
// answers into ApiError, and keeps the round trip's failures apart from the server's own sentences.

/** The server's sentence; `column` (from 1) when a query could not be read. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly column: number | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

let csrf = '';

/** Called once the session is known; every later request that changes something carries it. */
export function useCsrf(token: string): void {
  csrf = token;
}

/** True for the error of a request that we ourselves gave up. */
export function aborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** What to print of anything thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export interface Ask {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';
  body?: unknown;
  signal?: AbortSignal | undefined;
}

export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  const method = options.method ?? (options.body === undefined ? 'GET' : 'POST');
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-Tusker-CSRF'] = csrf;
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
    });
  } catch (error) {
    if (aborted(error)) throw error;
    throw new ApiError(0, 'The server does not answer. Nothing was changed by this request.');
  }
  const text = await response.text();
  if (response.ok) return (text === '' ? {} : JSON.parse(text)) as T;
  throw refusal(response, text);
}

function refusal(response: Response, text: string): ApiError {
  try {
    const body = JSON.parse(text) as { error?: string; column?: number };
    if (typeof body.error === 'string') {
      return new ApiError(response.status, body.error, body.column ?? null);
    }
  } catch {
    // Not ours: a proxy's page, say. The status is all there is to tell.
  }
  return new ApiError(response.status, `HTTP ${response.status} ${response.statusText}`.trim());
}
