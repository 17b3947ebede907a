def follow(task, wish): pass
