len = 7
str = "text"
