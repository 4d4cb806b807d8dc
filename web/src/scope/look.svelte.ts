// Theme and density belong to the browser, not to the URL.

export type Theme = 'system' | 'dark' | 'light';
export type Density = 'compact' | 'comfortable';

class Look {
  theme = $state<Theme>(read<Theme>('tusker.theme', ['dark', 'light'], 'system'));
  density = $state<Density>(read<Density>('tusker.density', ['comfortable'], 'compact'));

  set(change: { theme?: Theme; density?: Density }): void {
    this.theme = change.theme ?? this.theme;
    this.density = change.density ?? this.density;
    localStorage.setItem('tusker.theme', this.theme);
    localStorage.setItem('tusker.density', this.density);
    this.show();
  }

  show(): void {
    const root = document.documentElement;
    if (this.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = this.theme;
    if (this.density === 'compact') delete root.dataset.density;
    else root.dataset.density = this.density;
  }
}

function read<T extends string>(name: string, known: T[], otherwise: T): T {
  const kept = localStorage.getItem(name);
  return known.find((value) => value === kept) ?? otherwise;
}

export const look = new Look();
