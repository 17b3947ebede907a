def render(error): return [str(error)]
