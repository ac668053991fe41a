// SPDX-License-Identifier: MIT
'use strict';

// --- light and dark: as the system has it, unless somebody chose

const root = document.documentElement;
const themes = document.querySelectorAll('.theme button');

function setTheme(name) {
  if (name) root.dataset.theme = name;
  else delete root.dataset.theme;
  for (const b of themes) b.setAttribute('aria-pressed', b.dataset.theme === name);
  try { localStorage.setItem('wanlab-theme', name); } catch { /* not for files, in some browsers */ }
}
for (const b of themes) b.addEventListener('click', () => setTheme(b.dataset.theme));
document.querySelector('.theme').hidden = false;
try { setTheme(localStorage.getItem('wanlab-theme') ?? ''); } catch { setTheme(''); }

// --- links to the sections

const nav = document.querySelector('nav');
for (const section of document.querySelectorAll('section[id]')) {
  const link = document.createElement('a');
  link.href = `#${section.id}`;
  link.textContent = section.querySelector('h2').textContent;
  nav?.append(link);
}

// --- downloads: the text is made when somebody asks for it

function offer(link, type, text) {
  const prepare = () => { link.href = `data:${type};charset=utf-8,${encodeURIComponent(text())}`; };
  for (const event of ['pointerdown', 'focus', 'click']) link.addEventListener(event, prepare);
  link.hidden = false;
}

// --- tables: sorted by a click on the heading, and as CSV with the exact values

const raw = cell => cell.dataset.v ?? cell.textContent;

function csv(table) {
  const field = text => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return [...table.rows].map(row => [...row.cells].map(c => field(raw(c))).join(',') + '\n').join('');
}

function compare(a, b) {
  const x = parseFloat(a), y = parseFloat(b);
  if (!isNaN(x) && !isNaN(y) && x !== y) return x - y;
  if (a === '' || b === '') return (a === '') - (b === ''); // what is not known comes last
  return a.localeCompare(b, undefined, {numeric: true});
}

function sort(table, column, heading) {
  const down = heading.getAttribute('aria-sort') === 'ascending';
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) =>
    (down ? -1 : 1) * compare(raw(a.cells[column]), raw(b.cells[column])));
  for (const h of table.tHead.rows[0].cells) h.removeAttribute('aria-sort');
  heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  body.append(...rows);
}

for (const box of document.querySelectorAll('.table')) {
  const table = box.querySelector('table');
  offer(box.querySelector('.csv'), 'text/csv', () => csv(table));
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    heading.dataset.v ??= heading.textContent;
    const button = document.createElement('button');
    button.append(...heading.childNodes);
    button.addEventListener('click', () => sort(table, column, heading));
    heading.append(button);
  });
}

// --- figures: series are shown and hidden by the key, the nearest point tells its value

const tip = document.getElementById('tip');

function nearest(svg, x, y) {
  let best = null, least = 40 * 40; // pixels
  for (const point of svg.querySelectorAll('g:not(.off) > [data-tip], g:not(.off) g > [data-tip]')) {
    const r = point.getBoundingClientRect();
    const top = point.tagName === 'polygon' ? r.top : r.top + r.height / 2;
    const d = (r.left + r.width / 2 - x) ** 2 + (top - y) ** 2;
    if (d < least) { least = d; best = point; }
  }
  return best;
}

function point(svg, event) {
  const found = event && nearest(svg, event.clientX, event.clientY);
  for (const other of svg.querySelectorAll('.near')) if (other !== found) other.classList.remove('near');
  tip.hidden = !found;
  if (!found) return;
  found.classList.add('near');
  tip.textContent = found.dataset.tip;
  const r = found.getBoundingClientRect();
  const left = r.left + r.width / 2 - tip.offsetWidth / 2;
  tip.style.left = `${Math.max(4, Math.min(left, root.clientWidth - tip.offsetWidth - 4)) + scrollX}px`;
  tip.style.top = `${r.top - tip.offsetHeight - 8 + scrollY}px`;
}

for (const figure of document.querySelectorAll('figure.plot')) {
  const svg = figure.querySelector('svg.plot'), data = figure.querySelector('.data');
  if (data) offer(figure.querySelector('.csv'), 'text/csv', () => data.textContent);
  if (!svg) continue;
  for (const type of ['pointermove', 'pointerdown']) svg.addEventListener(type, e => point(svg, e));
  svg.addEventListener('pointerleave', () => point(svg, null));
  for (const button of figure.querySelectorAll('.key button')) {
    button.addEventListener('click', () => {
      const shown = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', shown);
      for (const g of svg.querySelectorAll(`[data-series="${button.dataset.entry}"]`))
        g.classList.toggle('off', !shown);
    });
  }
}

// --- one of several views of the same figures

for (const group of document.querySelectorAll('.switch')) {
  const buttons = [...group.querySelectorAll('button')];
  const choose = chosen => {
    for (const b of buttons) b.setAttribute('aria-pressed', b === chosen);
    for (const view of document.querySelectorAll('[data-view]'))
      if (buttons.some(b => b.dataset.show === view.dataset.view))
        view.hidden = view.dataset.view !== chosen.dataset.show;
  };
  for (const b of buttons) b.addEventListener('click', () => choose(b));
  group.hidden = false;
  choose(buttons[0]);
}

// --- code: copied, and where it is a file downloaded

for (const box of document.querySelectorAll('.code')) {
  const buttons = document.createElement('div');
  const pre = box.querySelector('pre');
  buttons.className = 'buttons';
  if (box.dataset.name) {
    const link = document.createElement('a');
    link.textContent = 'download';
    link.download = box.dataset.name;
    link.href = '#';
    offer(link, 'text/plain', () => pre.textContent);
    buttons.append(link);
  }
  if (navigator.clipboard) {
    const copy = document.createElement('button');
    copy.textContent = 'copy';
    copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(pre.textContent);
        copy.textContent = 'copied';
      } catch {
        copy.textContent = 'not allowed';
      }
      setTimeout(() => { copy.textContent = 'copy'; }, 1500);
    });
    buttons.append(copy);
  }
  box.append(buttons);
}
