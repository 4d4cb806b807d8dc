// Runs before the first paint, so that a chosen theme never flashes the other one.
(function () {
  var theme = localStorage.getItem('tusker.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
})();
