document.getElementById("number").oninput = (event) => {
  document.getElementById("result").textContent = `doubled: ${2 * event.target.value}`;
};
