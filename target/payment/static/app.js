"use strict";

// Shows the first merchants of the catalogue.
async function showMerchants() {
  const list = document.getElementById("merchants");
  const response = await fetch("/merchants?limit=6");
  if (!response.ok) {
    list.textContent = `The catalogue could not be loaded (${response.status}).`;
    return;
  }
  const { data } = await response.json();
  for (const merchant of data) {
    const item = document.createElement("li");
    const category = document.createElement("span");
    category.textContent = merchant.category;
    item.append(`${merchant.name}, `, category);
    list.append(item);
  }
}

showMerchants();
