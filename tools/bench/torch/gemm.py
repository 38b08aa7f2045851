"""usage: gemm.py <threads> <folder>"""

from serving import magnitude, pattern, serve


def prepare(request):
    m, n, k, trans_a, trans_b = (request[name] for name in ("m", "n", "k", "transA", "transB"))
    a = pattern((k, m) if trans_a else (m, k), -1, 1)
    b = pattern((n, k) if trans_b else (k, n), -1, 1, 500)
    return lambda: (a.t() if trans_a else a) @ (b.t() if trans_b else b), magnitude


serve(prepare)
