"""Small functions on graphs, given as dictionaries from a node to its neighbours."""

import heapq
from collections import deque


def topological_order(needs: dict[str, list[str]]) -> list[str]:
    """Order tasks so that each comes after those it needs, alphabetically where free to choose.

    >>> topological_order({"cake": ["dough"], "dough": ["flour", "eggs"]})
    ['eggs', 'flour', 'dough', 'cake']
    """
    tasks = set(needs) | {need for listed in needs.values() for need in listed}
    waiting = {task: set(needs.get(task, ())) for task in tasks}
    order: list[str] = []
    while waiting:
        ready = [task for task, left in waiting.items() if not left]
        if not ready:
            raise ValueError("the tasks need each other in a circle")
        chosen = min(ready)
        order.append(chosen)
        del waiting[chosen]
        for left in waiting.values():
            left.discard(chosen)
    return order


def shortest_path(neighbours: dict[str, list[str]], start: str, goal: str) -> list[str]:
    """Find a path with the fewest steps, the first found in the neighbours' order; empty if there is none.

    >>> shortest_path({"a": ["b", "c"], "b": ["d"], "c": ["d"]}, "a", "d")
    ['a', 'b', 'd']
    """
    reached = {start: ""}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if node == goal:
            path = [node]
            while reached[path[-1]]:
                path.append(reached[path[-1]])
            return path[::-1]
        for neighbour in neighbours.get(node, []):
            if neighbour not in reached:
                reached[neighbour] = node
                queue.append(neighbour)
    return []


def cheapest(roads: dict[str, dict[str, int]], start: str) -> dict[str, int]:
    """Give the least cost from a start to every node that can be reached, by Dijkstra's algorithm.

    >>> cheapest({"a": {"b": 4, "c": 1}, "c": {"b": 2}}, "a")
    {'a': 0, 'c': 1, 'b': 3}
    """
    settled: dict[str, int] = {}
    queue = [(0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node in settled:
            continue
        settled[node] = cost
        for neighbour, length in roads.get(node, {}).items():
            if neighbour not in settled:
                heapq.heappush(queue, (cost + length, neighbour))
    return settled


def components(nodes: list[str], edges: list[tuple[str, str]]) -> list[list[str]]:
    """Group nodes that are connected by edges; groups and their members are in alphabetical order.

    >>> components(["a", "b", "c"], [("c", "a")])
    [['a', 'c'], ['b']]
    """
    group = {node: {node} for node in nodes}
    for first, second in edges:
        if group[first] is not group[second]:
            joined = group[first] | group[second]
            for node in joined:
                group[node] = joined
    found = {tuple(sorted(members)) for members in group.values()}
    return [list(members) for members in sorted(found)]
