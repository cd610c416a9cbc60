/* SPDX-License-Identifier: ISC */
/*
 * Search without a server: fetches search.json when it is first needed and
 * shows the sections that hold every word. Without JavaScript there is no
 * search box; names.html lists every name. Scrolls the contents to this page.
 */
"use strict";
(function () {
    const form = document.getElementById("search");
    const input = form.querySelector("input");
    const list = document.getElementById("found");
    let index = null, asked = false, chosen = -1;

    function load() {
        if (asked)
            return;
        asked = true;
        fetch(form.dataset.index)
            .then(answer => answer.json())
            .then(json => { index = json; show(); })
            .catch(() => { asked = false; });
    }

    /* How well a section fits: 0 not at all; each word counts where it stands best. */
    function fit(section, words) {
        const page = index.pages[section[0]][1].toLowerCase();
        const heading = section[2].toLowerCase();
        const text = " " + section[3];
        let sum = 0;
        for (const word of words) {
            let points = 0;
            if (heading === word)
                points = 100;
            else if (heading.startsWith(word))
                points = 40;
            else if (heading.includes(word))
                points = 25;
            if (page.includes(word))
                points += section[1] === "" ? 30 : 6;
            if (points === 0)
                points = text.includes(" " + word) ? 4 : text.includes(word) ? 2 : 0;
            if (points === 0)
                return 0;
            sum += points;
        }
        return sum;
    }

    function find(text) {
        const words = text.toLowerCase().split(/\s+/).filter(word => word !== "");
        if (words.length === 0)
            return [];
        return index.sections
            .map((section, place) => ({ section, place, points: fit(section, words) }))
            .filter(hit => hit.points > 0)
            .sort((a, b) => b.points - a.points || a.place - b.place)
            .slice(0, 12)
            .map(hit => hit.section);
    }

    function choose(i) {
        const items = list.children;
        if (chosen >= 0 && chosen < items.length)
            items[chosen].removeAttribute("aria-selected");
        chosen = i;
        if (i >= 0 && i < items.length) {
            items[i].setAttribute("aria-selected", "true");
            items[i].scrollIntoView({ block: "nearest" });
            input.setAttribute("aria-activedescendant", items[i].id);
        } else {
            input.removeAttribute("aria-activedescendant");
        }
    }

    function hide() {
        list.hidden = true;
        input.setAttribute("aria-expanded", "false");
    }

    function show() {
        if (index === null || input.value.trim() === "") {
            hide();
            return;
        }
        const hits = find(input.value);
        list.replaceChildren();
        hits.forEach((section, i) => {
            const page = index.pages[section[0]];
            const item = document.createElement("li");
            const link = document.createElement("a");
            const where = document.createElement("span");
            item.id = "found-" + i;
            item.setAttribute("role", "option");
            link.href = form.dataset.root + page[0] + (section[1] === "" ? "" : "#" + section[1]);
            link.textContent = section[2];
            link.tabIndex = -1;
            where.textContent = section[2] === page[1] ? "" : page[1];
            link.append(where);
            link.addEventListener("click", hide);
            item.append(link);
            list.append(item);
        });
        if (hits.length === 0) {
            const item = document.createElement("li");
            item.className = "none";
            item.textContent = "Nothing has all of these words.";
            list.append(item);
        }
        list.hidden = false;
        input.setAttribute("aria-expanded", "true");
        choose(hits.length > 0 ? 0 : -1);
    }

    input.addEventListener("focus", () => { load(); show(); });
    input.addEventListener("input", () => { load(); show(); });
    input.addEventListener("keydown", event => {
        const n = list.querySelectorAll("a").length;
        if (event.key === "Escape") {
            input.value = "";
            hide();
            input.blur();
        } else if (event.key === "ArrowDown" && n > 0) {
            choose((chosen + 1) % n);
            event.preventDefault();
        } else if (event.key === "ArrowUp" && n > 0) {
            choose((chosen + n - 1) % n);
            event.preventDefault();
        }
    });
    form.addEventListener("submit", event => {
        const links = list.querySelectorAll("a");
        event.preventDefault();
        if (!list.hidden && chosen >= 0 && chosen < links.length)
            links[chosen].click();
    });
    document.addEventListener("click", event => {
        if (!form.contains(event.target))
            hide();
    });
    document.addEventListener("keydown", event => {
        if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
            input.focus();
            event.preventDefault();
        }
    });
    form.hidden = false;

    /* A long list of contents begins where the reader is. */
    const nav = document.getElementById("nav");
    const here = nav.querySelector("[aria-current]");
    if (here !== null && here.offsetTop > nav.clientHeight - 60)
        nav.scrollTop = here.offsetTop - nav.clientHeight / 2;
}());
