given = []
